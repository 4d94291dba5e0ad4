"""What a mapping makes of one real record, each way, without writing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.models import Record
from integrations.hub.errors import HubError
from integrations.hub.mapping.asking import vendor_ask
from integrations.hub.mapping.checks import InvalidMapping, model_of, path_refused
from integrations.hub.mapping.mapper import DataMapper
from integrations.hub.mapping.stored import mapper_make
from integrations.hub.mapping.tables import Tables
from integrations.hub.merge import Direction, Untranslatable
from integrations.hub.models import Connection, FieldMapping, LinkState, SyncRecord
from integrations.hub.streams import PullRequest, RemoteRecord, Stream


@dataclass(frozen=True)
class Sample:
    """One real record: theirs as read now, or as last seen; ours where the two are linked."""

    name: str
    record: RemoteRecord | None = None
    seen: dict[str, Any] = field(default_factory=dict)
    ours: Record | None = None
    note: str = ""


@dataclass(frozen=True)
class PreviewLine:
    """One row: their value and what it becomes here, ours and what would be sent."""

    path: str
    external: str
    theirs: Any
    here: Any
    ours: Any
    there: Any
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """A mapping on one sample; no lines where there is no record to show it on."""

    sample: Sample
    lines: Sequence[PreviewLine] = ()


def preview(
    connection: Connection,
    stream: Stream,
    rows: Iterable[FieldMapping] | None = None,
    *,
    external_id: str = "",
) -> Preview:
    """The stored rows, or the given ones, on a record of the vendor's: the one named, or any.

    The vendor is asked; where it does not answer, what was last seen of a linked record is shown.
    Raises InvalidTransform for rows that make no chain.
    """
    if rows is None:
        rows = FieldMapping.objects.filter(
            connection=connection, object=stream.object, is_enabled=True
        ).order_by("order", "pk")
    tables = Tables(connection)
    mapper = mapper_make(stream, rows, tables, version=0)
    sample = _sample(connection, stream, mapper, external_id)
    if sample.record is None and not sample.seen:
        return Preview(sample)
    if sample.record is not None:
        tables.prefetch_theirs(mapper, [sample.record])
    if sample.ours is not None:
        tables.prefetch_ours(mapper, [sample.ours])
    return Preview(sample, _lines(mapper, sample))


def row_preview(row: FieldMapping, stream: Stream) -> Preview:
    """The same for one row that need not be stored; raises InvalidTransform and InvalidMapping."""
    words = path_refused(row, stream)
    if words:
        raise InvalidMapping({"path": [words]})
    return preview(row.connection, stream, [row])


def _lines(mapper: DataMapper, sample: Sample) -> list[PreviewLine]:
    theirs = mapper.theirs(sample.record.values) if sample.record else sample.seen
    ours = mapper.ours(sample.ours) if sample.ours else {}
    lines = []
    for row in mapper.rows:
        problems: list[str] = []
        told, own = theirs.get(row.path), ours.get(row.path)
        pulled = row.direction != Direction.PUSH
        here = _tried(row.chain.to_ours, told, problems) if pulled else None
        pushed = row.direction != Direction.PULL and sample.ours is not None
        there = _tried(row.chain.to_theirs, own, problems) if pushed else None
        lines.append(PreviewLine(row.path, row.external, told, here, own, there, tuple(problems)))
    return lines


def _tried(translate: Callable[[Any], Any], value: Any, problems: list[str]) -> Any:
    try:
        return translate(value)
    except Untranslatable as error:
        problems.append(str(error))
        return None


def _sample(connection: Connection, stream: Stream, mapper: DataMapper, external_id: str) -> Sample:
    link = _link(connection, stream, external_id)
    asked = external_id or (link.external_id if link else "")
    try:
        found = vendor_ask(connection, lambda: _read(connection, stream, mapper, asked))
    except HubError as refusal:
        note = f"The vendor does not answer: {refusal}"
        if link is None or not link.base_theirs:
            return Sample("", note=f"{note} There is no linked record to show instead.")
        ours = _ours(connection, stream, mapper, link)
        return Sample(
            _name(stream, link.external_id, ours),
            seen=mapper.still_meant(link.base_theirs, link.mapping_version),
            ours=ours,
            note=f"{note} This is what was last seen.",
        )
    if found is None:
        lack = f"There is no {external_id} there." if external_id else "There is no record there."
        return Sample("", note=lack)
    link = _link(connection, stream, found.id) if not asked else link
    ours = _ours(connection, stream, mapper, link) if link else None
    note = "" if ours else "It is linked to no record here, so what would be sent is not shown."
    return Sample(_name(stream, found.id, ours), record=found, ours=ours, note=note)


def _read(
    connection: Connection, stream: Stream, mapper: DataMapper, external_id: str
) -> RemoteRecord | None:
    """The one named, or the first of the first page."""
    told: Sequence[RemoteRecord] = ()
    if external_id and stream.read is not None:
        told = stream.read(connection, [external_id], mapper.externals)
    elif stream.pull is not None:
        told = stream.pull(connection, PullRequest(fields=mapper.externals)).records
    return next((one for one in told if not one.is_deleted), None)


def _link(connection: Connection, stream: Stream, external_id: str) -> SyncRecord | None:
    links = SyncRecord.objects.filter(
        connection=connection, object=stream.object, state=LinkState.ACTIVE
    )
    if external_id:
        return links.filter(external_id=external_id).first()
    return links.order_by("-pk").first()


def _ours(
    connection: Connection, stream: Stream, mapper: DataMapper, link: SyncRecord
) -> Record | None:
    records = model_of(stream)._default_manager.filter(workspace_id=connection.workspace_id)
    related = mapper.related
    records = records.select_related(*related) if related else records
    return records.filter(pk=link.local_id).first()


def _name(stream: Stream, external_id: str, ours: Record | None) -> str:
    return f"{stream.label}: {external_id}" + (f", here {ours}" if ours else "")
