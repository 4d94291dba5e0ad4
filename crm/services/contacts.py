"""Writes contacts; what they allow or refuse is kept in their consent log as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from crm.models import Contact, Workspace
from crm.services.consent import consent_detail, consents_log
from crm.services.identity import contact_identity_check
from crm.services.origin import Origin
from crm.services.records import (
    record_archive,
    record_create,
    record_lock,
    record_restore,
    record_update,
)


def contact_create(*, workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> Contact:
    if values.get("email_opt_in") is None:
        return _create(workspace, values, origin)
    with transaction.atomic():
        contact = _create(workspace, values, origin)
        _consent_note(contact, origin, before=None)
    return contact


def contact_update(
    contact: Contact,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Contact:
    if "email_opt_in" not in values:
        return record_update(
            contact,
            values=values,
            origin=origin,
            expected_version=expected_version,
            check=contact_identity_check,
        )
    with transaction.atomic():
        before = record_lock(contact, expected_version=expected_version).email_opt_in
        fresh = record_update(contact, values=values, origin=origin, check=contact_identity_check)
        _consent_note(fresh, origin, before=before)
    return fresh


def contact_archive(contact: Contact, *, origin: Origin) -> Contact:
    return record_archive(contact, origin=origin)


def contact_restore(contact: Contact, *, origin: Origin) -> Contact:
    return record_restore(contact, origin=origin)


def _create(workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> Contact:
    return record_create(
        Contact, workspace=workspace, values=values, origin=origin, check=contact_identity_check
    )


def _consent_note(contact: Contact, origin: Origin, *, before: bool | None) -> None:
    """One line in the consent log when the answer changed; to know none is no answer."""
    opted_in = contact.email_opt_in
    if opted_in is None or opted_in == before:
        return
    consents_log([(contact.pk, opted_in)], source=origin.kind, detail=consent_detail(origin))
