"""One stream of one connection, with all that a batch of its records needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.apps import apps

from crm.choices import OriginKind
from crm.models import Record
from crm.services.ledger import json_value
from crm.services.origin import Origin
from integrations.hub import registry
from integrations.hub.errors import Conflict
from integrations.hub.mapping.mapper import DataMapper
from integrations.hub.mapping.stored import mapper_of
from integrations.hub.mapping.tables import Tables
from integrations.hub.merge import Base, Codec, Direction, MergeField, Theirs
from integrations.hub.merge.newcomers import NewField, new_fields
from integrations.hub.models import Connection, SyncRecord, SyncRun, SyncState
from integrations.hub.streams import RemoteRecord, Stream


@dataclass(frozen=True)
class Scene:
    """What is kept in step, how, and on whose behalf; made anew for each turn or batch.

    What is written is told of a run, so that it can be undone: of `run`, the one at hand, or of
    `run_of`'s, asked in the transaction of each write; of none on trial.
    """

    connection: Connection
    stream: Stream
    state: SyncState
    mapper: DataMapper
    tables: Tables
    run: SyncRun | None = None
    run_of: Callable[[], SyncRun] | None = None

    @cached_property
    def model(self) -> type[Record]:
        return apps.get_model("crm", self.stream.record_type)

    @cached_property
    def fields(self) -> tuple[MergeField, ...]:
        """The mapping's fields, limited to the way the whole stream goes."""
        way = self.direction
        if way == Direction.BOTH:
            return self.mapper.fields
        other = Direction.PUSH if way == Direction.PULL else Direction.PULL
        return tuple(
            replace(one, direction=way) for one in self.mapper.fields if one.direction != other
        )

    @cached_property
    def new_fields(self) -> tuple[NewField, ...]:
        """The same for records that nobody here knows yet."""
        return new_fields(self.fields)

    @cached_property
    def codecs(self) -> Mapping[str, Codec]:
        """How each field is spelt, by path."""
        return {one.name: one.codec for one in self.fields}

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """What a new record of ours holds by itself, as it is compared; what is sent only aside."""
        return {
            one.name: one.codec.canonical_ours(self.default_of(one.name))
            for one in self.fields
            if one.direction != Direction.PUSH
        }

    @cached_property
    def direction(self) -> Direction:
        if self.connection.is_read_only or self.stream.write is None:
            return Direction.PULL
        return Direction(self.state.direction)

    @cached_property
    def externals(self) -> tuple[str, ...]:
        """The vendor's fields to ask for, the markers among them."""
        named = (*self.mapper.externals, *(name for name in self.markers if name))
        return tuple(dict.fromkeys(named))

    @cached_property
    def markers(self) -> tuple[str, str]:
        return self.stream.markers_of(self.connection)

    @property
    def id_marker(self) -> str:
        return self.markers[0]

    @property
    def write_marker(self) -> str:
        return self.markers[1]

    @cached_property
    def natural_path(self) -> str:
        """Our path of what tells records apart for people; empty when it is not mapped."""
        rows = (row for row in self.mapper.rows if row.external == self.stream.natural_key)
        found = next(rows, None) if self.stream.natural_key else None
        return found.path if found else ""

    def writing_run(self) -> SyncRun | None:
        """The run whose the next writes are. Never kept: its undo may begin at any time."""
        return self.run or (self.run_of() if self.run_of else None)

    @property
    def origin(self) -> Origin:
        return self.origin_of(self.writing_run())

    def origin_of(self, run: SyncRun | None) -> Origin:
        """Of each write here; the part after the colon makes a run's writes undoable."""
        of_run = f":{run.pk}" if run else ""
        return Origin(
            OriginKind.CONNECTION,
            f"{self.connection.pk}{of_run}",
            reason=f"{self.connection.name}: {self.stream.label}",
        )

    def theirs(self, record: RemoteRecord) -> Theirs:
        """Their record as the merge sees it, its time by our clock."""
        marker = record.values.get(self.write_marker) or "" if self.write_marker else None
        return Theirs(
            values={
                path: storable(value) for path, value in self.mapper.theirs(record.values).items()
            },
            version=record.version,
            modified_at=self.modified_at(record),
            marker=None if marker is None else str(marker),
        )

    def base_of(self, link: SyncRecord) -> Base:
        """What both sides last agreed on, less what was said of fields mapped otherwise then.

        Whoever still has an older mapping in hand may write a base meanwhile: it is of its version.
        """
        at, still = link.mapping_version, self.mapper.still_meant
        return Base(still(link.base_ours, at), still(link.base_theirs, at), link.folded_at)

    def pending_of(self, link: SyncRecord) -> dict[str, Any]:
        """What was told of theirs and is not agreed on yet, as mapped now; by path."""
        return dict(self.mapper.still_meant(link.theirs_pending, link.mapping_version))

    def known_of(self, link: SyncRecord) -> dict[str, Any]:
        """What they were last known to hold, where nobody can ask them; by path."""
        return {**self.base_of(link).theirs, **self.pending_of(link)}

    def is_outdated_for(self, link: SyncRecord) -> bool:
        """Whether the pair was compared by a newer mapping, whose base says nothing to this one."""
        return link.mapping_version > self.mapper.version

    def modified_at(self, record: RemoteRecord) -> datetime | None:
        """When theirs was written last, by our clock."""
        return self.by_our_clock(record.modified_at)

    def by_our_clock(self, at: datetime | None) -> datetime | None:
        return at - self._clock_offset if at else None

    def by_their_clock(self, at: datetime | None) -> datetime | None:
        return at + self._clock_offset if at else None

    @property
    def _clock_offset(self) -> timedelta:
        return timedelta(milliseconds=self.connection.clock_offset_ms)

    def default_of(self, path: str) -> object:
        """What a new record of ours holds in a field that is not given; None for nothing."""
        if "." in path:
            return None
        field = self.model._meta.get_field(path)
        return json_value(field.get_default()) if hasattr(field, "get_default") else None

    def id_mark(self, local_id: int) -> str:
        """What their field for our id holds; of this connection only, as ids repeat elsewhere."""
        return f"{self.connection.webhook_key[:10]}-{local_id}"

    def id_marked(self, values: Mapping[str, object]) -> int | None:
        """Our id out of their record, when it is one of this connection's."""
        said = str(values.get(self.id_marker) or "") if self.id_marker else ""
        head, _, local_id = said.rpartition("-")
        is_ours = head == self.connection.webhook_key[:10] and local_id.isdecimal()
        return int(local_id) if is_ours else None


def storable(value: Any) -> Any:
    """As they tell it, less what no column of ours can hold; else one record stops its stream."""
    if isinstance(value, str):
        if value.isascii() and "\x00" not in value:
            return value
        return value.replace("\x00", "").encode("utf-8", "ignore").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {storable(str(name)): storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [storable(inner) for inner in value]
    return value


def scene_of(
    state: SyncState,
    *,
    run: SyncRun | None = None,
    run_of: Callable[[], SyncRun] | None = None,
) -> Scene:
    """Raises Conflict, in words, when the provider or this stream of it is there no more."""
    provider = registry.find(state.connection.provider)
    stream = provider.stream(state.object) if provider else None
    if stream is None:
        raise Conflict(f"{state.connection.provider_name} has no {state.object} any more.")
    tables = Tables(state.connection)
    mapper = mapper_of(state.connection, stream, tables, version=state.mapping_version)
    return Scene(state.connection, stream, state, mapper, tables, run, run_of)


def states_of_type(connection: Connection, record_type: str) -> list[SyncState]:
    """The streams of that type, those that are not at work too."""
    rows = SyncState.objects.filter(connection=connection, record_type=record_type)
    return list(rows.select_related("connection__workspace"))
