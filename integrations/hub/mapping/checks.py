"""Whether a row of a mapping makes sense, before it is stored; errors by field, for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Field

from crm.models import CustomField, Record, User
from crm.rules.identity import is_country
from crm.services.ledger import CUSTOM_PREFIX
from integrations.hub.errors import InvalidSettings
from integrations.hub.mapping.chain import Chain, chain_of
from integrations.hub.mapping.lookups import Link, Owner, Reference
from integrations.hub.mapping.paths import InvalidPath, path_check
from integrations.hub.mapping.pipelines import PIPELINE, STAGE
from integrations.hub.mapping.transforms import (
    EPOCH_MILLISECONDS,
    ISO,
    Constant,
    DateParse,
    InvalidTransform,
    PhoneFormat,
    Picklist,
    Transform,
)
from integrations.hub.merge import Direction
from integrations.hub.models import Connection, FieldMapping, ValueMapping
from integrations.hub.streams import ExternalField, Stream

Errors = dict[str, list[str]]


class InvalidMapping(InvalidSettings):
    """Rows of a mapping that make no sense; `errors` is `{field: [message]}`."""


def model_of(stream: Stream) -> type[Record]:
    """The model of our records of the stream."""
    model: type[Record] = apps.get_model("crm", stream.record_type)
    return model


def row_check(
    row: FieldMapping,
    stream: Stream,
    *,
    others: Iterable[FieldMapping],
    fields: Sequence[ExternalField],
) -> None:
    """Raises InvalidMapping. `fields` are the vendor's, empty where they are not known now."""
    errors: Errors = defaultdict(list)
    _check_columns(row, errors)
    if not errors:
        chain = _chain(row, errors)
        _check_path(row, stream, chain, errors)
        _check_external(row, stream, fields, errors)
        _check_direction(row, stream, errors)
        _check_others(row, list(others), errors)
        if chain is not None:
            _check_steps(row, stream, chain, errors)
    if errors:
        raise InvalidMapping(dict(errors))


def path_refused(row: FieldMapping, stream: Stream) -> str:
    """Why our field of the row may not be read at all, in words; empty where it may.

    A row that was stored before this was asked does nothing any more, and can only be removed.
    """
    try:
        path_check(model_of(stream), row.path, is_written=False)
    except InvalidPath as error:
        return str(error)
    return ""


def value_check(row: ValueMapping) -> None:
    """Raises InvalidMapping unless our value is one that the mapped fields can hold."""
    try:
        row.clean_fields(exclude=("connection",))
    except ValidationError as error:
        raise InvalidMapping(error.message_dict) from None
    twins = ValueMapping.objects.filter(
        connection=row.connection_id, name=row.name, theirs=row.theirs
    )
    if twins.exclude(pk=row.pk).exists():
        raise InvalidMapping({"theirs": ["The list has this value already: change that one."]})
    words = _not_held(row) if row.ours else ""
    if words:
        raise InvalidMapping({"ours": [words]})


def _not_held(row: ValueMapping) -> str:
    """Why a field that is mapped by this list cannot hold our value; empty when all can."""
    for field, kind in fields_of_list(row.connection, row.name):
        choices = [str(value) for value, _ in field.flatchoices]
        if kind == "picklist" and choices and row.ours not in choices:
            return f"{field.verbose_name} is one of: {', '.join(choices)}."
        model = field.related_model
        if kind != "reference" or not isinstance(model, type) or not issubclass(model, Record):
            continue
        ids = model._default_manager.filter(workspace_id=row.connection.workspace_id)
        if not row.ours.isdecimal() or not ids.filter(pk=int(row.ours)).exists():
            return f"There is no {model._meta.verbose_name} with the number {row.ours}."
    return ""


def fields_of_list(connection: Connection, name: str) -> Iterator[tuple[Field[Any, Any], str]]:
    """Our fields that a list of values is about, and by which kind of step."""
    rows = FieldMapping.objects.filter(connection=connection, is_enabled=True)
    for row in rows.order_by("object", "order", "pk"):
        stream = connection.declaration.stream(row.object)
        kinds = [step.get("kind") for step in row.transform if step.get("name") == name]
        field = _plain_field(model_of(stream), row.path) if stream else None
        for kind in kinds:
            if field is not None and kind in ("picklist", "reference"):
                yield field, str(kind)


def _check_columns(row: FieldMapping, errors: Errors) -> None:
    try:
        row.clean_fields(exclude=("connection", "object", "transform"))
    except ValidationError as error:
        errors.update(error.message_dict)


def _chain(row: FieldMapping, errors: Errors) -> Chain | None:
    steps = row.transform
    if not isinstance(steps, list) or not all(isinstance(step, Mapping) for step in steps):
        errors["transform"].append('Give a list of steps, such as [{"kind": "lower"}].')
        return None
    try:
        return chain_of(steps)
    except InvalidTransform as error:
        errors["transform"].append(str(error))
        return None


def _check_path(row: FieldMapping, stream: Stream, chain: Chain | None, errors: Errors) -> None:
    is_constant = chain is not None and isinstance(chain.steps[0], Constant)
    try:
        path_check(
            model_of(stream),
            row.path,
            is_written=row.direction != Direction.PUSH and not is_constant,
        )
    except InvalidPath as error:
        errors["path"].append(str(error))
        return
    if row.path.startswith(CUSTOM_PREFIX) and not _is_custom_field(row, stream):
        key = row.path.removeprefix(CUSTOM_PREFIX)
        errors["path"].append(f"There is no custom field {key!r}: make it first.")


def _is_custom_field(row: FieldMapping, stream: Stream) -> bool:
    return CustomField.objects.filter(
        workspace=row.connection.workspace_id,
        record_type=stream.record_type,
        key=row.path.removeprefix(CUSTOM_PREFIX),
    ).exists()


def _check_external(
    row: FieldMapping, stream: Stream, fields: Sequence[ExternalField], errors: Errors
) -> None:
    """A name that the provider maps itself is known too, such as that of a link it reads."""
    if not fields:
        return
    known = {field.name: field for field in fields}
    found = known.get(row.external)
    if found is None and row.external in {one.external for one in stream.mapping}:
        return
    if found is None:
        errors["external"].append(f"The vendor has no field {row.external!r}.")
    elif found.is_read_only and row.direction != Direction.PULL:
        errors["direction"].append(f"{found.label} can only be read there: take it from them.")


def _check_direction(row: FieldMapping, stream: Stream, errors: Errors) -> None:
    if stream.write is None and row.direction == Direction.PUSH:
        errors["direction"].append(f"{stream.label} cannot be sent there.")
    if row.is_enforced and row.direction == Direction.BOTH:
        errors["is_enforced"].append("Only a field that travels one way can be enforced.")


def _check_others(row: FieldMapping, others: Sequence[FieldMapping], errors: Errors) -> None:
    """Two rows of one path would be one field twice; two that send to one would fight for it."""
    if not row.is_enabled:
        return
    others = [one for one in others if one.is_enabled and one.pk != row.pk]
    if any(one.path == row.path for one in others):
        errors["path"].append("Another row maps this field already: change or switch off that one.")
    sending = [one for one in others if one.direction != Direction.PULL]
    if row.direction != Direction.PULL and any(one.external == row.external for one in sending):
        errors["external"].append("Another row sends to this field already.")


def _check_steps(row: FieldMapping, stream: Stream, chain: Chain, errors: Errors) -> None:
    own = model_of(stream)
    for step in chain.steps:
        if isinstance(step, Constant | Link | Owner) and len(chain.steps) > 1:
            errors["transform"].append("A constant, a link or an owner is the only step.")
        elif isinstance(step, Constant) and row.direction != Direction.PUSH:
            errors["direction"].append("A constant is sent and never taken over: choose to send.")
        elif isinstance(step, Constant) and row.is_required:
            errors["is_required"].append("A constant is always there.")
        elif isinstance(step, Link):
            _check_link(row, step, own, errors)
        elif isinstance(step, Owner) and _target(own, row.path) is not User:
            errors["transform"].append(f"{row.path} names no person.")
        elif isinstance(step, Picklist | Reference):
            _check_list(row, stream, step.name, errors)
        elif words := _odd_option(step):
            errors["transform"].append(words)


def _odd_option(step: Transform) -> str:
    """What an option of the step says that means nothing, in words.

    Asked when a row is saved and never when it is read: a stored one must not stop its stream.
    """
    if isinstance(step, PhoneFormat) and step.country and not is_country(step.country):
        return f"{step.country!r} is no country: give two letters such as DE."
    known = (ISO, EPOCH_MILLISECONDS)
    if isinstance(step, DateParse) and step.theirs not in known and "%" not in step.theirs:
        return f"{step.theirs!r}: give iso, epoch_ms, or a pattern such as %d.%m.%Y."
    return ""


def _check_link(row: FieldMapping, step: Link, own: type[Record], errors: Errors) -> None:
    linked = row.connection.declaration.stream(step.name)
    if linked is None:
        known = ", ".join(one.object for one in row.connection.declaration.streams)
        errors["transform"].append(f"{step.name!r} is kept in no step; there are {known}.")
    elif _target(own, row.path) is not model_of(linked):
        errors["transform"].append(f"{row.path} leads to no {linked.record_type}.")


def _check_list(row: FieldMapping, stream: Stream, name: str, errors: Errors) -> None:
    rows = ValueMapping.objects.filter(connection=row.connection, name=name)
    is_fetched = name in (PIPELINE, STAGE) and row.connection.declaration.pipelines is not None
    if name not in stream.values and not is_fetched and not rows.exists():
        errors["transform"].append(f"There is no list of values {name!r}: add its values first.")


def _target(model: type[Record], path: str) -> Any:
    """The model that a link of ours leads to; None for a plain field and a path through one."""
    return getattr(_plain_field(model, path), "related_model", None)


def _plain_field(model: type[Record], path: str) -> Field[Any, Any] | None:
    return {field.name: field for field in model._meta.concrete_fields}.get(path)
