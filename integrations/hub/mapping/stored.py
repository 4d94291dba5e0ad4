"""The mapping of a connection as admins have left it, ready for use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from integrations.hub.mapping.chain import chain_of
from integrations.hub.mapping.checks import model_of
from integrations.hub.mapping.lookups import Link, Owner, Reference
from integrations.hub.mapping.mapper import DataMapper, Row
from integrations.hub.mapping.paths import is_readable
from integrations.hub.mapping.tables import Tables
from integrations.hub.mapping.transforms import Picklist, Transform
from integrations.hub.merge import Direction, Rule
from integrations.hub.models import Connection, FieldMapping, SyncState
from integrations.hub.streams import Stream

MOST_KEPT: Final = 256


def mapper_of(
    connection: Connection, stream: Stream, tables: Tables, *, version: int | None = None
) -> DataMapper:
    """The mapping of one stream at its present version, with the tables of one batch in it.

    The rows are read once a version and process; give `version` where the SyncState is at hand.
    Raises InvalidTransform for a row that no version of the hub has let be saved.
    """
    if version is None:
        version = mapping_version(connection, stream.object)
    rows = _rows(connection.pk, stream.object, version)
    off = [row for row in rows if not row.is_enabled]
    return mapper_make(stream, [row for row in rows if row.is_enabled], tables, version, off=off)


def mapping_version(connection: Connection, object: str) -> int:
    """How often the mapping was edited; 1 before the stream is known."""
    states = SyncState.objects.filter(connection=connection, object=object)
    return states.values_list("mapping_version", flat=True).first() or 1


def mapper_make(
    stream: Stream,
    rows: Iterable[FieldMapping],
    tables: Tables,
    version: int,
    *,
    off: Iterable[FieldMapping] = (),
) -> DataMapper:
    """The rows as a mapping; those of the markers are left to the hub, those `off` do nothing.

    Nor does one whose path may not be read: as a blank of ours it would empty theirs.
    """
    markers = set(stream.markers_of(tables.connection)) - {""}
    rows, model = list(rows), model_of(stream)
    kept = [row for row in rows if row.external not in markers and is_readable(model, row.path)]
    made = steps_made(tables, [row.transform for row in kept])
    return DataMapper(
        rows=tuple(_row(row, made) for row in kept),
        version=version,
        first=stream.first,
        is_nested=stream.is_nested,
        since=named_since(off) | named_since(rows),
    )


def named_since(rows: Iterable[FieldMapping]) -> dict[str, int]:
    """The mapping's version since which each path is about the field that it is about now.

    Only one of a path's rows is at work, and it says so; of those that are off the newest does.
    """
    told = sorted(rows, key=lambda row: (row.is_enabled, row.named_version))
    return {row.path: row.named_version for row in told}


def steps_made(
    tables: Tables, transforms: Iterable[Sequence[Mapping[str, Any]]]
) -> dict[str, Transform]:
    """The steps that need a table, by what rows call them."""
    made: dict[str, Transform] = {}
    for step in (step for steps in transforms for step in steps):
        kind, name = str(step.get("kind", "")), str(step.get("name", ""))
        if kind == "link":
            made[f"{kind}:{name}"] = Link(name, tables.links(name))
        elif kind == "owner":
            made[f"{kind}:{name}"] = Owner(name, lambda: tables.people)
        elif kind == "picklist":
            made[f"{kind}:{name}"] = _picklist(name, tables)
        elif kind == "reference":
            made[f"{kind}:{name}"] = _reference(name, tables)
    return made


@lru_cache(maxsize=MOST_KEPT)
def _rows(connection_id: int, object: str, version: int) -> tuple[FieldMapping, ...]:
    """Those that are off, too. Never changed after they were read; a new version has new ones."""
    rows = FieldMapping.objects.filter(connection_id=connection_id, object=object)
    return tuple(rows.order_by("order", "pk"))


def _row(row: FieldMapping, made: Mapping[str, Transform]) -> Row:
    return Row(
        path=row.path,
        external=row.external,
        chain=chain_of(row.transform, made=made),
        direction=Direction(row.direction),
        rule=Rule(row.rule),
        rank=row.rank,
        is_required=row.is_required,
        is_enforced=row.is_enforced,
    )


def _picklist(name: str, tables: Tables) -> Picklist:
    pairs = tables.values.get(name, ())
    return Picklist(name, dict(pairs), _first_of_ours(pairs))


def _reference(name: str, tables: Tables) -> Reference:
    pairs = [
        (theirs, int(ours)) for theirs, ours in tables.values.get(name, ()) if ours.isdecimal()
    ]
    first = {ours: theirs for theirs, ours in reversed(pairs)}
    return Reference(name, dict(pairs), first)


def _first_of_ours(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {ours: theirs for theirs, ours in reversed(pairs)}
