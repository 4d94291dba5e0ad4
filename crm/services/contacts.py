"""Writes contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.models import Contact, Workspace
from crm.services.origin import Origin
from crm.services.records import record_archive, record_create, record_restore, record_update


def contact_create(*, workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> Contact:
    return record_create(Contact, workspace=workspace, values=values, origin=origin)


def contact_update(
    contact: Contact,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Contact:
    return record_update(contact, values=values, origin=origin, expected_version=expected_version)


def contact_archive(contact: Contact, *, origin: Origin) -> Contact:
    return record_archive(contact, origin=origin)


def contact_restore(contact: Contact, *, origin: Origin) -> Contact:
    return record_restore(contact, origin=origin)
