"""The rows a provider brings: made with a connection, and offered when a later version has more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from crm.models import User
from crm.services.origin import by_user
from integrations.hub.acts import stream_act_remember
from integrations.hub.errors import Conflict, InvalidSettings
from integrations.hub.mapping.asking import fields_ask
from integrations.hub.mapping.checks import row_check
from integrations.hub.mapping.rules import rule_default
from integrations.hub.mapping.versions import (
    edit_remember,
    mapping_bump,
    mapping_locked,
    version_next,
)
from integrations.hub.merge import Rule
from integrations.hub.models import Connection, FieldMapping, SyncState, ValueMapping
from integrations.hub.streams import ExternalField, MappingRow, Stream


def field_rows(connection: Connection, stream: Stream) -> Iterator[FieldMapping]:
    """What the provider declares of the stream's fields, not stored."""
    for order, row in enumerate(stream.mapping):
        yield FieldMapping(
            connection=connection,
            object=stream.object,
            order=order,
            path=row.path,
            external=row.external,
            transform=[dict(step) for step in row.transform],
            direction=row.direction.value,
            rule=_rule(stream, row).value,
            rank=row.rank,
            is_required=row.is_required,
        )


def lists_ensure(connection: Connection, stream: Stream) -> bool:
    """The provider's lists of values that are not there at all; whether any was missing."""
    lists = ValueMapping.objects.filter(connection=connection, name__in=stream.values)
    present = set(lists.values_list("name", flat=True))
    rows = [
        row
        for name in stream.values
        if name not in present
        for row in _value_rows(connection, stream, name)
    ]
    ValueMapping.objects.bulk_create(rows)
    return bool(rows)


def offered_remember(connection: Connection, object: str, paths: Iterable[str]) -> None:
    """These have been offered: whoever has no such row by now does not want it."""
    for state in SyncState.objects.filter(connection=connection, object=object):
        known = [*state.offered_paths, *(one for one in paths if one not in state.offered_paths)]
        SyncState.objects.filter(pk=state.pk).update(offered_paths=known)


# --- Rows that the provider has gained since -----------------------------------------------------


def defaults_new(connection: Connection, stream: Stream) -> list[FieldMapping]:
    """Default rows that were never offered, for fields of ours that no row is about; not stored."""
    return defaults_new_of(connection, [stream])[stream.object]


def defaults_new_of(
    connection: Connection, streams: Sequence[Stream]
) -> dict[str, list[FieldMapping]]:
    """The same for several streams, by their objects; two queries.

    None of a stream that the connection has not been given yet: that comes with all its rows.
    """
    states = SyncState.objects.filter(connection=connection)
    offered = dict(states.values_list("object", "offered_paths"))
    rows = FieldMapping.objects.filter(connection=connection)
    mapped = set(rows.values_list("object", "path"))
    return {
        stream.object: [
            row
            for row in field_rows(connection, stream)
            if stream.object in offered
            and row.path not in offered[stream.object]
            and (stream.object, row.path) not in mapped
        ]
        for stream in streams
    }


def defaults_add(
    connection: Connection, stream: Stream, *, paths: Collection[str], actor: User
) -> tuple[list[FieldMapping], list[str]]:
    """Take these new rows into the mapping: those added, and why others were not, in words.

    Raises Conflict when none of them is offered any more.
    """
    # The vendor is asked before the transaction.
    told = fields_ask(connection, stream)
    with mapping_locked(connection):
        chosen = _chosen(connection, stream, paths)
        lists_ensure(connection, stream)
        refused = [words for row in chosen if (words := _add(row, stream, told, actor))]
        added = [row for row in chosen if row.pk]
        offered_remember(connection, stream.object, [row.path for row in added])
        if added:
            mapping_bump(connection, stream.object)
    return added, refused


def defaults_decline(
    connection: Connection, stream: Stream, *, paths: Collection[str], actor: User
) -> list[str]:
    """Leave these new rows out for good; the paths that were left out.

    Raises Conflict when none of them is offered any more.
    """
    with mapping_locked(connection):
        left_out = [row.path for row in _chosen(connection, stream, paths)]
        offered_remember(connection, stream.object, left_out)
        state = SyncState.objects.select_related("connection").get(
            connection=connection, object=stream.object
        )
        diff = {"default rows left out": (None, ", ".join(left_out))}
        stream_act_remember(state, diff=diff, origin=by_user(actor))
    return left_out


def _chosen(connection: Connection, stream: Stream, paths: Collection[str]) -> list[FieldMapping]:
    chosen = [row for row in defaults_new(connection, stream) if row.path in paths]
    if not chosen:
        raise Conflict("Nothing was done: tick the rows that are meant.")
    return chosen


def _add(row: FieldMapping, stream: Stream, told: Sequence[ExternalField], actor: User) -> str:
    """Store the row as the last one; why not, in words, where it makes no sense here."""
    others = FieldMapping.objects.filter(connection=row.connection, object=row.object)
    try:
        row_check(row, stream, others=others, fields=told)
    except InvalidSettings as refusal:
        said = " ".join(words for field in refusal.errors.values() for words in field)
        return f"{row} was not added. {said}"
    last = others.order_by("order").last()
    row.order = last.order + 1 if last else 0
    # A row about this field may have been here before, with another one of theirs.
    row.named_version = version_next(row.connection, row.object)
    row.save()
    edit_remember(row, row.connection, before={}, actor=actor)
    return ""


def _rule(stream: Stream, row: MappingRow) -> Rule:
    """The provider's own rule; where it leaves the usual one, the hub's for that field."""
    return row.rule if row.rule != Rule.LAST_WRITE else rule_default(stream.record_type, row.path)


def _value_rows(connection: Connection, stream: Stream, name: str) -> Iterator[ValueMapping]:
    for order, value in enumerate(stream.values[name]):
        yield ValueMapping(
            connection=connection,
            name=name,
            order=order,
            theirs=value.theirs,
            label=value.label,
            ours=value.ours,
            is_automatic=True,
        )
