"""Writes lists of contacts and who is on them; sends `list_changed` when members change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction

from crm.choices import ChangeAction, ListKind
from crm.models import Contact, ContactList, ContactListMember, Workspace
from crm.services import ledger
from crm.services.errors import InvalidRecord, WrongWorkspace
from crm.services.origin import Origin
from crm.services.records import (
    record_archive,
    record_create,
    record_lock,
    record_restore,
    record_update,
)
from crm.signals import list_changed


def list_create(*, workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> ContactList:
    return record_create(ContactList, workspace=workspace, values=values, origin=origin)


def list_update(
    contact_list: ContactList,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> ContactList:
    return record_update(
        contact_list, values=values, origin=origin, expected_version=expected_version
    )


def list_archive(contact_list: ContactList, *, origin: Origin) -> ContactList:
    return record_archive(contact_list, origin=origin)


def list_restore(contact_list: ContactList, *, origin: Origin) -> ContactList:
    return record_restore(contact_list, origin=origin)


@transaction.atomic
def list_members_add(
    contact_list: ContactList, *, contacts: Collection[Contact], origin: Origin
) -> int:
    """Put contacts on a static list; how many were not on it before."""
    contact_list = _locked_static(contact_list, contacts)
    present = set(contact_list.memberships.values_list("contact_id", flat=True))
    fresh = {contact.pk for contact in contacts} - present
    ContactListMember.objects.bulk_create(
        [ContactListMember(contact_list=contact_list, contact_id=pk) for pk in sorted(fresh)],
        batch_size=1000,
    )
    _remember(contact_list, added=sorted(fresh), removed=[], origin=origin)
    return len(fresh)


@transaction.atomic
def list_members_remove(
    contact_list: ContactList, *, contacts: Collection[Contact], origin: Origin
) -> int:
    """Take contacts off a static list; how many were on it. Says nothing about consent."""
    contact_list = _locked_static(contact_list, contacts)
    gone = contact_list.memberships.filter(contact__in=contacts)
    contact_ids = sorted(gone.values_list("contact_id", flat=True))
    gone.delete()
    _remember(contact_list, added=[], removed=contact_ids, origin=origin)
    return len(contact_ids)


def _locked_static(contact_list: ContactList, contacts: Collection[Contact]) -> ContactList:
    fresh = record_lock(contact_list)
    if fresh.kind != ListKind.STATIC:
        raise InvalidRecord({"kind": ["The members of this list are found by its filter."]})
    if any(contact.workspace_id != fresh.workspace_id for contact in contacts):
        raise WrongWorkspace("A contact belongs to another workspace.")
    return fresh


def _remember(
    contact_list: ContactList, *, added: list[int], removed: list[int], origin: Origin
) -> None:
    if not added and not removed:
        return
    diff = {"members": [removed, added]}
    ledger.append(contact_list, action=ChangeAction.UPDATED, diff=diff, origin=origin)
    list_changed.send(sender=ContactList, contact_list=contact_list, origin=origin)
