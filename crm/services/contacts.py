"""Writes contacts; what they allow or refuse is kept in their consent log as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from crm.models import Contact, Workspace
from crm.services.consent import consents_log
from crm.services.origin import Origin
from crm.services.records import (
    record_archive,
    record_create,
    record_lock,
    record_restore,
    record_update,
)


@transaction.atomic
def contact_create(*, workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> Contact:
    contact = record_create(Contact, workspace=workspace, values=values, origin=origin)
    _consent_note(contact, origin, before=None)
    return contact


@transaction.atomic
def contact_update(
    contact: Contact,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Contact:
    present = record_lock(contact, expected_version=expected_version)
    fresh = record_update(present, values=values, origin=origin)
    _consent_note(fresh, origin, before=present.email_opt_in)
    return fresh


def contact_archive(contact: Contact, *, origin: Origin) -> Contact:
    return record_archive(contact, origin=origin)


def contact_restore(contact: Contact, *, origin: Origin) -> Contact:
    return record_restore(contact, origin=origin)


def _consent_note(contact: Contact, origin: Origin, *, before: bool | None) -> None:
    """One line in the consent log when the answer changed; to know none is no answer."""
    opted_in = contact.email_opt_in
    if opted_in is None or opted_in == before:
        return
    detail = origin.reason or str(origin.actor or origin.id)
    consents_log([(contact.pk, opted_in)], source=origin.kind, detail=detail)
