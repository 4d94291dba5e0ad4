"""Values as people know them: names of our people, stages and records, and of theirs, for pages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import models
from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime

from crm.models import Record
from integrations.hub.mapping.chain import chain_of
from integrations.hub.mapping.lookups import UNMAPPED
from integrations.hub.mapping.transforms import InvalidTransform
from integrations.hub.merge import Untranslatable
from integrations.hub.models import FieldMapping, OwnershipMapping, ValueMapping
from integrations.hub.subjects import model_of_type

EMPTY: Final = "—"
NUMBERED: Final = re.compile(r"^Number (\d+)(?= has no counterpart)")
Names = Mapping[tuple[type[models.Model], int], str]
Labels = Mapping[tuple[int, str, str, str], str]


@dataclass(frozen=True)
class OurValue:
    """What a field of ours holds, or would."""

    record_type: str
    field: str
    value: Any


@dataclass(frozen=True)
class TheirValue:
    """What a field of theirs holds, by our path."""

    connection_id: int
    object: str
    field: str
    value: Any

    @property
    def key(self) -> tuple[int, str, str, str]:
        return self.connection_id, self.object, self.field, str(self.value)


def field_of(record_type: str, name: str) -> models.Field[Any, Any] | None:
    model = model_of_type(record_type)
    fields = model._meta.concrete_fields if model is not None else ()
    return {field.name: field for field in fields}.get(name)


def names_of(
    workspaces: Collection[int],
    values: Iterable[OurValue],
    records: Iterable[tuple[str, int]] = (),
) -> Names:
    """Names of what links among the values lead to, and of the records; one query a model."""
    wanted: dict[type[models.Model], set[int]] = defaultdict(set)
    for one in values:
        field = field_of(one.record_type, one.field)
        if isinstance(field, models.ForeignKey) and isinstance(one.value, int):
            wanted[field.related_model].add(one.value)
    for record_type, pk in records:
        kind = model_of_type(record_type)
        if kind is not None:
            wanted[kind].add(pk)
    found: dict[tuple[type[models.Model], int], str] = {}
    for model, ids in wanted.items():
        rows = model._default_manager.filter(pk__in=ids)
        if issubclass(model, Record):
            rows = rows.filter(workspace__in=workspaces)
        found.update({(model, one.pk): str(one) for one in rows})
    return found


def our_words(one: OurValue, names: Names) -> str:
    """Our value as a person reads it."""
    field, value = field_of(one.record_type, one.field), one.value
    if value in (None, "", [], {}):
        return EMPTY
    if isinstance(field, models.ForeignKey):
        return names.get((field.related_model, value), f"Number {value}")
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.DateTimeField) and (moment := parse_datetime(str(value))):
        return str(formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT"))
    return plain_words(value)


def their_words(one: TheirValue, labels: Labels) -> str:
    return labels.get(one.key) or plain_words(one.value)


def plain_words(value: Any) -> str:
    if value in (None, "", [], {}):
        return EMPTY
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value).removeprefix(UNMAPPED)


def numbered_of(record_type: str, field: str, words: str) -> OurValue | None:
    """The record that a trouble of the field calls by its number."""
    found = NUMBERED.match(words)
    return OurValue(record_type, field, int(found[1])) if found else None


def named_words(record_type: str, field: str, words: str, names: Names) -> str:
    """A field's trouble with the name of the record that it calls by its number."""
    one = numbered_of(record_type, field, words)
    return NUMBERED.sub(lambda _: our_words(one, names), words) if one else words


def labels_of(values: Sequence[TheirValue]) -> Labels:
    """Names of their people and choices, by connection, object, path and value; three queries."""
    fields = {one.key[:3] for one in values}
    mapped = FieldMapping.objects.filter(
        connection__in={key[0] for key in fields}, path__in={key[2] for key in fields}
    )
    steps = {
        (row.connection_id, row.object, row.path): step
        for row in mapped
        for step in row.transform
        if step.get("kind") in ("owner", "picklist", "reference", "number")
    }
    people = _people(values) if any(one["kind"] == "owner" for one in steps.values()) else {}
    kinds = {one["kind"] for one in steps.values()}
    lists = _lists(values) if kinds & {"picklist", "reference"} else {}
    found: dict[tuple[int, str, str, str], str] = {}
    for one in values:
        step, value = steps.get(one.key[:3]), str(one.value)
        if step is not None and step["kind"] == "owner":
            label = people.get((one.connection_id, value.removeprefix(UNMAPPED)), "")
        elif step is not None and step["kind"] == "number":
            label = _in_our_unit(step, one.value)
        else:
            label = lists.get((one.connection_id, step.get("name", ""), value), "") if step else ""
        found[one.key] = label
    return found


def _in_our_unit(step: Mapping[str, Any], value: Any) -> str:
    """A share of theirs as the per cent of ours, so that the two can be compared by eye."""
    try:
        return str(chain_of([step]).to_ours(value) or "")
    except (InvalidTransform, Untranslatable):
        return ""


def _people(values: Sequence[TheirValue]) -> dict[tuple[int, str], str]:
    people = OwnershipMapping.objects.filter(
        connection__in={one.connection_id for one in values},
        external_id__in={str(one.value).removeprefix(UNMAPPED) for one in values},
    )
    return {(one.connection_id, one.external_id): str(one) for one in people}


def _lists(values: Sequence[TheirValue]) -> dict[tuple[int, str, str], str]:
    rows = ValueMapping.objects.filter(
        connection__in={one.connection_id for one in values},
        theirs__in={str(one.value) for one in values},
    )
    return {(one.connection_id, one.name, one.theirs): one.label for one in rows}
