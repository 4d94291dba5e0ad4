"""The vendor's side of a batch: read and written in sizes it takes, and what its answers say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from django.db import connection as database

from integrations.hub.classification import classified
from integrations.hub.errors import (
    AuthExpired,
    Conflict,
    GateClosed,
    HubError,
    LeaseLost,
    NotApplied,
    RateLimited,
    RetryLater,
    told_cause,
)
from integrations.hub.merge import Theirs
from integrations.hub.streams import RemoteRecord, Write, Written
from integrations.hub.sync.scene import Scene

_OF_CONNECTION: Final = (RetryLater, AuthExpired, RateLimited, GateClosed, LeaseLost)


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
    """The outcomes by key; a call that broke as a whole is each one's trouble.

    After one that tells of the connection no more are sent: in an outage each would take as long
    to fail, and what it was to carry has not been tried.
    """
    rest, size = list(writes), scene.stream.write_size
    found: dict[str, Written] = {}
    while rest:
        written = _written(scene, rest[:size])
        rest = rest[size:]
        found |= {one.key: one for one in written}
        if any(is_of_connection(one.error) for one in written):
            held = GateClosed("Not sent yet: the call before it met trouble of the connection.")
            return found | {one.key: Written(one.key, error=held) for one in rest}
    return found


def _written(scene: Scene, some: Sequence[Write]) -> Sequence[Written]:
    """By one call; raises what is neither the vendor's saying nor an answer that did not come."""
    write = scene.stream.write
    if write is None:
        raise Conflict(f"{scene.stream.label} are not written.")
    try:
        return write(scene.connection, some)
    except Exception as error:
        known = classified(error, scene.connection.declaration.error)
        if not isinstance(error, HubError) and not is_of_connection(known):
            raise
        return [Written(one.key, error=known) for one in some]


def is_of_connection(error: HubError | None) -> bool:
    """Whether the next call would meet the same, whatever it carries."""
    return error is not None and isinstance(told_cause(error), _OF_CONNECTION)
