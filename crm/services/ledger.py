"""Appends to the ledger and tells who listens; called by services inside their transaction.

A custom field stands in a diff under its own name, `custom.<key>`, so that history and undo work
per field. The diff of a created record holds the values that were given, not model defaults.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import models

from crm.choices import ChangeAction
from crm.models import Change, Record
from crm.services.origin import Origin
from crm.signals import ChangeBatch, changed

Diff = dict[str, list[Any]]
CUSTOM = "custom"
CUSTOM_PREFIX = "custom."
PLAIN = (str, int, bool, float)
EMPTY: tuple[Any, ...] = (None, "", [], {})


def record_type(model: type[models.Model] | models.Model) -> str:
    """The name a record type has in the ledger, the API and mappings: `contact`, `deal` …"""
    return str(model._meta.model_name)


def json_value(value: Any) -> Any:
    """The value as the ledger keeps it: decimals and times as text, links as ids."""
    if value is None or type(value) in PLAIN:
        return value
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def stored_value(record: Record, name: str) -> Any:
    """The record's present value of a field, as the ledger keeps it."""
    field = record._meta.get_field(name)
    return json_value(getattr(record, getattr(field, "attname", name)))


def field_diff(record: Record, values: Mapping[str, Any]) -> Diff:
    """What cleaned `values` (see crm.services.cleaning) would change; empty when nothing would."""
    diff: Diff = {}
    for name, new in values.items():
        if name == CUSTOM:
            diff |= custom_diff(getattr(record, CUSTOM), new)
            continue
        old, after = stored_value(record, name), json_value(new)
        if old != after:
            diff[name] = [old, after]
    return diff


def without_respelt(diff: Diff) -> Diff:
    """The raw text of a phone changes only together with its number."""
    return {
        name: pair
        for name, pair in diff.items()
        if not name.endswith("_raw") or name.removesuffix("_raw") in diff
    }


def created_diff(record: Record, names: Iterable[str]) -> Diff:
    """`[None, value]` for each named field that holds something."""
    diff: Diff = {}
    for name in names:
        value = stored_value(record, name)
        if name == CUSTOM:
            diff |= custom_diff({}, value)
        elif value not in EMPTY:
            diff[name] = [None, value]
    return diff


def removed_diff(record: Record) -> Diff:
    """`[value, None]` for each field of a record that is about to be erased."""
    names = [field.name for field in record._meta.concrete_fields if not field.primary_key]
    return {name: [old[1], None] for name, old in created_diff(record, names).items()}


def append(record: Record, *, action: ChangeAction, diff: Diff, origin: Origin) -> Change:
    """Store the ledger row of one write and send `changed`."""
    change = Change.objects.create(
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
    batch = ChangeBatch(
        workspace_id=record.workspace_id,
        record_type=change.record_type,
        action=action,
        record_ids=(record.pk,),
        change_ids=(change.pk,),
        fields=frozenset(diff),
        origin=origin,
    )
    changed.send(sender=type(record), batch=batch)
    return change


def append_act(
    *, workspace_id: int, subject: tuple[str, int], diff: Diff, origin: Origin
) -> Change:
    """Store what a person did to a thing that is no record, such as a job (type and id).

    Nobody is told, since no record has changed.
    """
    record_type_name, record_id = subject
    return Change.objects.create(
        workspace_id=workspace_id,
        record_type=record_type_name,
        record_id=record_id,
        action=ChangeAction.UPDATED,
        diff=diff,
        origin_kind=origin.kind,
        origin_id=origin.id,
        reason=origin.reason[:250],
        actor=origin.actor,
    )


def custom_diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> Diff:
    return {
        f"{CUSTOM_PREFIX}{key}": [old.get(key), new.get(key)]
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    }
