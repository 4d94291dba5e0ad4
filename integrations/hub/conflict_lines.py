"""Puts conflicts in words: the field, the record, and both values as people know them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db import models
from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime

from crm.access import Action, is_allowed
from crm.models import Membership, OwnedRecord, Record
from crm.services.ledger import CUSTOM_PREFIX
from crm.views.history import LABELS, key_words
from integrations.hub.mapping.lookups import UNMAPPED
from integrations.hub.models import (
    Connection,
    FieldMapping,
    OwnershipMapping,
    SyncConflict,
    ValueMapping,
)
from integrations.hub.models.mapping import rule_choices
from integrations.hub.subjects import gone_words, page_of

EMPTY: Final = "—"
Names = Mapping[tuple[type[models.Model], int], str]
Labels = Mapping[tuple[int, str, str, str], str]


@dataclass(frozen=True)
class ConflictLine:
    """One conflict for a page: `url` is our record's page, `their_url` theirs; '' without one."""

    conflict: SyncConflict
    label: str
    record: str
    url: str
    their_url: str
    ours: str
    theirs: str
    base: str
    rule: str
    may_resolve: bool


def field_words(record_type: str, path: str) -> str:
    """A path of ours as people call the field."""
    if path.startswith(CUSTOM_PREFIX):
        return key_words(path.removeprefix(CUSTOM_PREFIX))
    name, _, rest = path.partition(".")
    field = _field(record_type, name)
    words = LABELS.get(name) or key_words(str(getattr(field, "verbose_name", name)))
    return f"{words}: {key_words(rest).lower()}" if rest else words


def conflict_lines(
    conflicts: Iterable[SyncConflict], membership: Membership | None = None
) -> list[ConflictLine]:
    """In words; some queries for each type of record among them, however many there are.

    Without a membership it is an operator who looks, and no page of a workspace is linked.
    """
    rows = list(conflicts)
    records = _records(rows)
    names = _names(rows)
    labels = _their_labels(rows)
    return [
        _line(row, records.get((row.record_type, row.local_id)), names, labels, membership)
        for row in rows
    ]


def _line(
    row: SyncConflict,
    record: Record | None,
    names: Names,
    labels: Labels,
    membership: Membership | None,
) -> ConflictLine:
    field = _field(row.record_type, row.field)
    key = (row.connection_id, row.object, row.field)
    return ConflictLine(
        conflict=row,
        label=field_words(row.record_type, row.field),
        record=str(record) if record is not None else gone_words(row.record_type),
        url=page_of(record) if membership is not None and record is not None else "",
        their_url=_their_url(row.connection, row),
        ours=_words(field, row.ours, names),
        theirs=labels.get((*key, str(row.theirs))) or _their_words(row.theirs),
        base=_words(field, row.base, names),
        rule=dict(rule_choices()).get(row.rule, row.rule),
        may_resolve=record is None or _may(membership, record),
    )


def _may(membership: Membership | None, record: Record) -> bool:
    action = Action.EDIT if isinstance(record, OwnedRecord) else Action.EDIT_ANY
    return membership is None or is_allowed(membership, action, record)


def _their_url(connection: Connection, row: SyncConflict) -> str:
    try:
        stream = connection.declaration.stream(row.object)
    except KeyError:
        return ""
    url_of = stream.record_url if stream else None
    return url_of(connection, row.link.external_id) if url_of else ""


def _words(field: models.Field[Any, Any] | None, value: Any, names: Names) -> str:
    """Our value as a person reads it."""
    if value in (None, "", [], {}):
        return EMPTY
    if isinstance(field, models.ForeignKey):
        return names.get((field.related_model, value), f"Number {value}")
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.DateTimeField) and (moment := parse_datetime(str(value))):
        return str(formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT"))
    return _their_words(value)


def _their_words(value: Any) -> str:
    if value in (None, "", [], {}):
        return EMPTY
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value).removeprefix(UNMAPPED)


def _field(record_type: str, name: str) -> models.Field[Any, Any] | None:
    try:
        model = apps.get_model("crm", record_type)
    except LookupError:
        return None
    return {field.name: field for field in model._meta.concrete_fields}.get(name)


def _records(rows: Sequence[SyncConflict]) -> dict[tuple[str, int], Record]:
    """The records themselves, of the connections' own workspaces."""
    wanted: dict[str, set[int]] = defaultdict(set)
    workspaces = {row.connection.workspace_id for row in rows}
    for row in rows:
        wanted[row.record_type].add(row.local_id)
    found: dict[tuple[str, int], Record] = {}
    for name, ids in wanted.items():
        model = apps.get_model("crm", name)
        records = model._default_manager.filter(pk__in=ids, workspace__in=workspaces)
        found.update({(name, record.pk): record for record in records})
    return found


def _names(rows: Sequence[SyncConflict]) -> dict[tuple[type[models.Model], int], str]:
    """Names of what links among the values lead to."""
    wanted: dict[type[models.Model], set[int]] = defaultdict(set)
    workspaces = {row.connection.workspace_id for row in rows}
    for row in rows:
        field = _field(row.record_type, row.field)
        if isinstance(field, models.ForeignKey):
            wanted[field.related_model] |= {
                value for value in (row.ours, row.base) if isinstance(value, int)
            }
    found: dict[tuple[type[models.Model], int], str] = {}
    for model, ids in wanted.items():
        linked = model._default_manager.filter(pk__in=ids)
        if issubclass(model, Record):
            linked = linked.filter(workspace__in=workspaces)
        found.update({(model, one.pk): str(one) for one in linked})
    return found


def _their_labels(rows: Sequence[SyncConflict]) -> dict[tuple[int, str, str, str], str]:
    """Names of their people and choices, by connection, object, path and value."""
    fields = {(row.connection_id, row.object, row.field): row for row in rows}
    mapped = FieldMapping.objects.filter(
        connection__in={key[0] for key in fields}, path__in={key[2] for key in fields}
    )
    steps = {
        (row.connection_id, row.object, row.path): step
        for row in mapped
        for step in row.transform
        if step.get("kind") in ("owner", "picklist", "reference")
    }
    people = _people(rows) if any(one["kind"] == "owner" for one in steps.values()) else {}
    lists = _lists(rows) if any(one["kind"] != "owner" for one in steps.values()) else {}
    found: dict[tuple[int, str, str, str], str] = {}
    for row in rows:
        key = (row.connection_id, row.object, row.field)
        step, value = steps.get(key), str(row.theirs)
        if step is not None and step["kind"] == "owner":
            label = people.get((row.connection_id, value.removeprefix(UNMAPPED)), "")
        else:
            label = lists.get((row.connection_id, step.get("name", ""), value), "") if step else ""
        found[*key, value] = label
    return found


def _people(rows: Sequence[SyncConflict]) -> dict[tuple[int, str], str]:
    people = OwnershipMapping.objects.filter(
        connection__in={row.connection_id for row in rows},
        external_id__in={str(row.theirs).removeprefix(UNMAPPED) for row in rows},
    )
    return {(one.connection_id, one.external_id): str(one) for one in people}


def _lists(rows: Sequence[SyncConflict]) -> dict[tuple[int, str, str], str]:
    values = ValueMapping.objects.filter(
        connection__in={row.connection_id for row in rows},
        theirs__in={str(row.theirs) for row in rows},
    )
    return {(one.connection_id, one.name, one.theirs): one.label for one in values}
