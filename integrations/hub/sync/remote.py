"""The vendor's side of a batch: read and written in sizes it takes, and what its answers say."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import connection as database

from integrations.hub.errors import Conflict, HubError, NotApplied, RetryLater
from integrations.hub.merge import Theirs
from integrations.hub.streams import RemoteRecord, Write, Written
from integrations.hub.sync.scene import Scene


def marks(scene: Scene, local_id: int, key: str, read: RemoteRecord | None) -> dict[str, str]:
    """The hub's own fields of a write: its key, and our id where it does not stand there yet."""
    found: dict[str, str] = {}
    if scene.write_marker:
        found[scene.write_marker] = key
    ours = scene.id_mark(local_id)
    if scene.id_marker and (read is None or read.values.get(scene.id_marker) != ours):
        found[scene.id_marker] = ours
    return found


def told(scene: Scene, record: RemoteRecord | None) -> Theirs:
    """What an answer tells of a record: some fields only, or nothing at all."""
    if record is None:
        return Theirs({})
    whole = scene.theirs(record)
    rows = scene.mapper.rows
    said = {row.path for row in rows if _is_said(record, row.external)}
    return Theirs(
        {path: value for path, value in whole.values.items() if path in said},
        whole.version,
        whole.modified_at,
        whole.marker,
    )


def _is_said(record: RemoteRecord, external: str) -> bool:
    """Whether a field is among those told, be it by its own name or within an object."""
    return external in record.values or external.partition(".")[0] in record.values


def is_refused(answer: object) -> bool:
    """An error that says for certain that nothing was written; NotApplied is the turn's own."""
    return isinstance(answer, HubError) and not isinstance(answer, RetryLater | NotApplied)


def database_now() -> datetime:
    """Times are compared by one clock; two machines have two."""
    with database.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def remote_read(scene: Scene, ids: Collection[str]) -> dict[str, RemoteRecord]:
    """Their records by the id that was asked for; a merged one answers for its former ids."""
    read = scene.stream.read
    if read is None or not ids:
        return {}
    wanted = list(dict.fromkeys(ids))
    found: dict[str, RemoteRecord] = {}
    for start in range(0, len(wanted), scene.stream.read_size):
        some = wanted[start : start + scene.stream.read_size]
        for record in read(scene.connection, some, scene.externals):
            found |= dict.fromkeys((*record.former_ids, record.id), record)
    return found


def remote_write(scene: Scene, writes: Collection[Write]) -> dict[str, Written]:
    """The outcomes by key; a batch that broke as a whole is each one's trouble."""
    write = scene.stream.write
    if write is None:
        raise Conflict(f"{scene.stream.label} are not written.")
    rows = list(writes)
    found: dict[str, Written] = {}
    for start in range(0, len(rows), scene.stream.write_size):
        some = rows[start : start + scene.stream.write_size]
        try:
            written = write(scene.connection, some)
        except HubError as error:
            written = [Written(one.key, error=error) for one in some]
        found |= {one.key: one for one in written}
    return found
