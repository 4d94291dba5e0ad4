"""Puts ledger rows in words: which field, from what to what, who or what did it, and why."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import capfirst

from crm.choices import ChangeAction, OriginKind
from crm.forms.custom import PREFIX
from crm.models import Change, Record

EMPTY = "—"
HIDDEN_SUFFIX = "_raw"
# Where people say another word than the model's.
LABELS = {"account": "Company"}
Names = dict[tuple[type[models.Model], int], str]


@dataclass(frozen=True)
class FieldChange:
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class HistoryRow:
    """One write: `who` is a person or what acted for them."""

    action: str
    who: str
    reason: str
    at: datetime.datetime
    changes: list[FieldChange]
    is_creation: bool = False


def history_rows(record: Record, changes: list[Change]) -> list[HistoryRow]:
    names = _names_of_links(record, changes)
    return [
        HistoryRow(
            action=change.get_action_display(),
            who=who_of(change),
            reason=_reason_words(change),
            at=change.at,
            changes=[
                _field_change(record, name, pair, names)
                for name, pair in _in_order(record, change.diff)
                if not name.endswith(HIDDEN_SUFFIX)
            ],
            is_creation=change.action == ChangeAction.CREATED,
        )
        for change in changes
    ]


def who_of(change: Change) -> str:
    """A person's name, or the machine's part in words."""
    person = str(change.actor) if change.actor else "Somebody"
    words = {
        OriginKind.USER: person,
        OriginKind.API: f"{person}, through the API",
        OriginKind.IMPORT: f"Import {change.origin_id}".strip(),
        OriginKind.CONNECTION: "A connected system",
        OriginKind.RULE: f"Rule: {change.origin_id.replace('_', ' ')}",
        OriginKind.COMMAND: _command_words(change),
    }
    return words.get(OriginKind(change.origin_kind), change.origin_kind)


def _command_words(change: Change) -> str:
    """A command that is named says its name; one with a number of its own, who gave it."""
    if change.origin_id.isidentifier():
        return key_words(change.origin_id)
    return str(change.actor or "A command")


def _reason_words(change: Change) -> str:
    """A sentence begins with a capital; the reason of an import is the name of its file."""
    return change.reason if change.origin_kind == OriginKind.IMPORT else capfirst(change.reason)


def _in_order(record: Record, diff: dict[str, Any]) -> list[tuple[str, Any]]:
    """As the record has its fields, others after them; the database keeps no order of keys."""
    names = [field.name for field in record._meta.fields]
    return sorted(
        diff.items(), key=lambda pair: names.index(pair[0]) if pair[0] in names else len(names)
    )


def key_words(key: str) -> str:
    """A stored name as words: `shirt_size` is `Shirt size`."""
    words = key.replace("_", " ")
    return words[:1].upper() + words[1:]


def _field_change(record: Record, name: str, pair: list[Any], names: Names) -> FieldChange:
    old, new = pair
    field = _field(record, name)
    label = LABELS.get(name) or key_words(
        str(getattr(field, "verbose_name", name.removeprefix(PREFIX)))
    )
    return FieldChange(label, _words(field, old, names), _words(field, new, names))


def _words(field: models.Field[Any, Any] | None, value: Any, names: Names) -> str:
    """The stored JSON value as a person reads it."""
    if value in (None, "", [], {}):
        return EMPTY
    if isinstance(field, models.ForeignKey):
        return names.get((field.related_model, value), f"#{value}")
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(field, models.DecimalField):
        return formats.number_format(value, use_l10n=True, force_grouping=True)
    if isinstance(field, models.DateTimeField):
        moment = parse_datetime(str(value))
        return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""
    if isinstance(field, models.DateField):
        day = parse_date(str(value))
        return formats.date_format(day, "DATE_FORMAT") if day else ""
    return str(value)


def _field(record: Record, name: str) -> models.Field[Any, Any] | None:
    """The model's field; None for one that no longer exists."""
    found = {field.name: field for field in record._meta.fields}
    return found.get(name)


def _names_of_links(record: Record, changes: list[Change]) -> Names:
    """Names of linked rows: those the page has joined, else one query for each model."""
    names = _names_at_hand(record)
    wanted: defaultdict[type[models.Model], set[int]] = defaultdict(set)
    for change in changes:
        for name, pair in change.diff.items():
            field = _field(record, name)
            if isinstance(field, models.ForeignKey):
                model = field.related_model
                wanted[model].update(
                    key for key in pair if isinstance(key, int) and (model, key) not in names
                )
    for model, keys in wanted.items():
        rows = _rows(model, keys, record) if keys else ()
        names.update({(model, row.pk): str(row) for row in rows})
    return names


def _names_at_hand(record: Record) -> Names:
    """What the record names now, as far as it came joined."""
    linked = [
        getattr(record, field.name)
        for field in record._meta.fields
        if isinstance(field, models.ForeignKey) and field.is_cached(record)
    ]
    return {(type(row), row.pk): str(row) for row in linked if row is not None}


def _rows(
    model: type[models.Model], keys: set[int], record: Record
) -> models.QuerySet[models.Model]:
    rows = model._default_manager.filter(pk__in=keys)
    return rows.filter(workspace_id=record.workspace_id) if issubclass(model, Record) else rows
