"""Appends to the ledger and tells who listens; called by services inside their transaction."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import models

from crm.choices import ChangeAction
from crm.models import Change, Record
from crm.services.origin import Origin
from crm.signals import changed

Diff = dict[str, list[Any]]


def record_type(model: type[models.Model] | models.Model) -> str:
    """The name a record type has in the ledger, the API and mappings: `contact`, `deal` …"""
    return str(model._meta.model_name)


def json_value(value: Any) -> Any:
    """The value as the ledger keeps it: decimals and times as text, links as ids."""
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def field_diff(record: Record, values: Mapping[str, Any]) -> Diff:
    """What `values` would change in `record`; empty when nothing would."""
    diff: Diff = {}
    for name, new in values.items():
        field = record._meta.get_field(name)
        old = json_value(getattr(record, getattr(field, "attname", name)))
        after = json_value(new)
        if old != after:
            diff[name] = [old, after]
    return diff


def created_diff(record: Record, names: Iterable[str]) -> Diff:
    """`[None, value]` for each named field that holds something."""
    diff: Diff = {}
    for name in names:
        field = record._meta.get_field(name)
        value = json_value(getattr(record, getattr(field, "attname", name)))
        if value not in (None, "", [], {}):
            diff[name] = [None, value]
    return diff


def change_for(record: Record, *, action: ChangeAction, diff: Diff, origin: Origin) -> Change:
    """The ledger row for one write, not yet stored."""
    return Change(
        workspace_id=record.workspace_id,
        record_type=record_type(record),
        record_id=record.pk,
        action=action,
        diff=diff,
        origin_kind=origin.kind,
        origin_id=origin.id,
        reason=origin.reason[:250],
        actor=origin.actor,
    )


def append(changes: list[Change]) -> None:
    """Store the rows and send `changed`; all of one workspace and record type."""
    if not changes:
        return
    Change.objects.bulk_create(changes, batch_size=1000)
    changed.send(sender=changes[0].record_type, changes=changes)
