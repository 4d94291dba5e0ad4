"""Admins' edits of a mapping, each checked before; a provider's rows where there are none yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import F, Func, JSONField, Value

from crm.models import User
from integrations.hub.errors import Conflict
from integrations.hub.mapping.asking import fields_ask
from integrations.hub.mapping.checks import path_refused, row_check
from integrations.hub.mapping.default_rows import field_rows, lists_ensure, offered_remember
from integrations.hub.mapping.versions import (
    edit_remember,
    mapping_bump,
    mapping_edited,
    mapping_locked,
    row_values,
    version_next,
)
from integrations.hub.models import Connection, FieldMapping, SyncRecord
from integrations.hub.streams import ExternalField, Stream

Fields = Sequence[ExternalField] | None
EDITABLE: Final = (
    *("path", "external", "transform", "direction", "rule", "rank", "order"),
    *("is_required", "is_enforced", "is_enabled"),
)
# With another of these it is another pair of fields.
NAMING: Final = ("path", "external")


def defaults_ensure(connection: Connection, stream: Stream) -> None:
    """The provider's rows for a stream, and its lists of values, where there are none yet.

    Safe to call at any time: what a person has changed or taken away stays so.
    """
    rows = FieldMapping.objects.filter(connection=connection, object=stream.object)
    with mapping_locked(connection):
        missing = [] if rows.exists() else list(field_rows(connection, stream))
        links = SyncRecord.objects.filter(connection=connection, object=stream.object)
        if missing and links.exists():
            # All were deleted: until then a path may have been of another field.
            named = version_next(connection, stream.object)
            for row in missing:
                row.named_version = named
        FieldMapping.objects.bulk_create(missing)
        has_lists = lists_ensure(connection, stream)
        if missing:
            offered_remember(connection, stream.object, [row.path for row in missing])
        if missing or has_lists:
            mapping_bump(connection, stream.object)


def field_create(
    connection: Connection,
    stream: Stream,
    *,
    values: Mapping[str, Any],
    actor: User | None,
    fields: Fields = None,
) -> FieldMapping:
    """A new row of a stream's mapping; raises InvalidMapping.

    `fields` are the vendor's where they are known already, so that it is not asked again.
    """
    row = FieldMapping(connection=connection, object=stream.object)
    last = _rows(row).order_by("order").last()
    row.order = last.order + 1 if last else 0
    return _field_save(row, stream, values=values, actor=actor, fields=fields)


def field_update(
    row: FieldMapping, *, values: Mapping[str, Any], actor: User | None, fields: Fields = None
) -> FieldMapping:
    """Change a row; records are compared anew, and only what differs then travels.

    Raises InvalidMapping, and Conflict for a stream that the provider has no more.
    """
    fresh = FieldMapping.objects.select_related("connection").get(pk=row.pk)
    return _field_save(fresh, _stream(fresh), values=values, actor=actor, fields=fields)


def field_delete(row: FieldMapping, *, actor: User | None) -> None:
    """The field is kept in step no more; both sides keep what they hold."""
    with mapping_edited(row.connection, row.object):
        edit_remember(row, row.connection, before=row_values(row), after={}, actor=actor)
        _others_name_anew(row, row_values(row))
        _forbidden_forget(row)
        FieldMapping.objects.filter(pk=row.pk).delete()


def field_row(row: FieldMapping, values: Mapping[str, Any]) -> FieldMapping:
    """The row with these values over its own, not stored; texts stripped."""
    for name in EDITABLE:
        if name in values:
            value = values[name]
            setattr(row, name, value.strip() if isinstance(value, str) else value)
    return row


def field_check(row: FieldMapping, stream: Stream, *, fields: Sequence[ExternalField]) -> None:
    """Whether the row could be stored as it is; raises InvalidMapping."""
    row_check(row, stream, others=_rows(row), fields=fields)


def _field_save(
    row: FieldMapping,
    stream: Stream,
    *,
    values: Mapping[str, Any],
    actor: User | None,
    fields: Fields,
) -> FieldMapping:
    before = row_values(row) if row.pk else {}
    field_row(row, values)
    # The vendor is asked before the transaction.
    told = fields_ask(row.connection, stream) if fields is None else fields
    with mapping_edited(row.connection, stream.object):
        field_check(row, stream, fields=told)
        if any(before.get(name) != getattr(row, name) for name in NAMING):
            row.named_version = version_next(row.connection, row.object)
        _others_name_anew(row, before)
        row.save()
        edit_remember(row, row.connection, before=before, actor=actor)
    return row


def _others_name_anew(row: FieldMapping, before: Mapping[str, Any]) -> None:
    """Rows that are off beside one at work, as it was before, are not about what that agreed on.

    They may take its place once it is off, or gone, and then nothing else would tell.
    """
    if before.get("is_enabled"):
        others = _rows(row).filter(path=before["path"], is_enabled=False).exclude(pk=row.pk)
        others.update(named_version=version_next(row.connection, row.object))


def _forbidden_forget(row: FieldMapping) -> None:
    """Of a field that should never have been read nothing may stay behind in the links either."""
    stream = row.connection.declaration.stream(row.object)
    if stream is None or not path_refused(row, stream):
        return
    links = SyncRecord.objects.filter(connection=row.connection_id, object=row.object)
    for name in ("base_ours", "base_theirs", "theirs_pending"):
        held = links.filter(**{f"{name}__has_key": row.path})
        held.update(**{name: _Without(F(name), Value(row.path))})


class _Without(Func):
    """A JSON object less one of its names."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = JSONField()


def _rows(row: FieldMapping) -> Any:
    return FieldMapping.objects.filter(connection=row.connection_id, object=row.object)


def _stream(row: FieldMapping) -> Stream:
    stream = row.connection.declaration.stream(row.object)
    if stream is None:
        raise Conflict(f"{row.connection.provider_name} has no {row.object} any more.")
    return stream
