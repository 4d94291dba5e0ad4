"""Writes support tickets; many open ones at once mark their account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from crm.models import Ticket, Workspace
from crm.services.origin import Origin
from crm.services.records import (
    record_archive,
    record_create,
    record_lock,
    record_restore,
    record_update,
)
from crm.services.support_volume import support_volume_check
from crm.signals import ticket_escalated


@transaction.atomic
def ticket_create(*, workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> Ticket:
    """Create a ticket, of its contact's account unless another is given."""
    ticket = record_create(Ticket, workspace=workspace, values=values, origin=origin)
    if ticket.account is None and ticket.contact is not None and ticket.contact.account_id:
        account = {"account": ticket.contact.account}
        ticket = record_update(ticket, values=account, origin=origin)
    _follow(ticket, origin, was_escalated=False)
    return ticket


@transaction.atomic
def ticket_update(
    ticket: Ticket,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Ticket:
    before = record_lock(ticket, expected_version=expected_version)
    was_escalated = before.escalate
    fresh = record_update(before, values=values, origin=origin)
    _follow(fresh, origin, was_escalated=was_escalated)
    return fresh


@transaction.atomic
def ticket_archive(ticket: Ticket, *, origin: Origin) -> Ticket:
    fresh = record_archive(ticket, origin=origin)
    _follow(fresh, origin, was_escalated=fresh.escalate)
    return fresh


@transaction.atomic
def ticket_restore(ticket: Ticket, *, origin: Origin) -> Ticket:
    fresh = record_restore(ticket, origin=origin)
    _follow(fresh, origin, was_escalated=fresh.escalate)
    return fresh


def _follow(ticket: Ticket, origin: Origin, *, was_escalated: bool) -> None:
    if ticket.account is not None:
        support_volume_check(ticket.account, event=f"ticket {ticket.pk} {ticket.status}")
    if ticket.escalate and not was_escalated:
        ticket_escalated.send(sender=Ticket, ticket=ticket, origin=origin)
