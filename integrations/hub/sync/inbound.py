"""Looks at things of theirs that a web-hook, or a person, has named."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db import transaction

from integrations.hub.models import Connection, LinkState, RunKind, SyncRecord, SyncState
from integrations.hub.streams import Hint, RemoteRecord
from integrations.hub.sync import deletes, guards, hinting
from integrations.hub.sync.away import away_note
from integrations.hub.sync.counting import LineClosed, run_count, run_of_hour, run_of_hour_locked
from integrations.hub.sync.page import Source
from integrations.hub.sync.pages import page_apply
from integrations.hub.sync.remote import database_now, remote_read
from integrations.hub.sync.rereading import told_in_vain
from integrations.hub.sync.scene import Scene, scene_of


def inbound_batch(connection: Connection, object: str, external_ids: Collection[str]) -> None:
    """Read these things and take them over; one that is not there any more is gone.

    Where the vendor cannot be asked nothing is known, least of all that they are gone.
    """
    state = _state(connection, object)
    if state is None or not _is_read(connection, object):
        _told_in_vain(connection, object)
        return
    scene = scene_of(state)
    at = database_now()
    found = remote_read(scene, external_ids)
    records = {one.id: one for one in found.values()}
    gone = [RemoteRecord(one, is_deleted=True) for one in external_ids if one not in found]
    _apply(scene, [*records.values(), *gone], at, Source.READ)


def hints_take(connection: Connection, hints: Sequence[Hint], *, received_at: datetime) -> int:
    """Have the things looked at; where that is impossible, what the event told is taken over.

    How many things were named that a live stream takes over.
    """
    told = [hint for hint in hints if not _is_read(connection, hint.object)]
    count = hinting.hints_take(connection, [hint for hint in hints if hint not in told])
    for object in {hint.object for hint in told}:
        state = _state(connection, object)
        if state is None:
            gone = [hint.external_id for hint in told if hint.object == object and hint.is_deleted]
            _told_in_vain(connection, object, gone)
        else:
            records = [_told(hint) for hint in told if hint.object == object]
            scene = scene_of(state)
            _apply(scene, records, received_at, Source.TOLD)
            count += len(records)
    return count


def _apply(
    scene: Scene, records: Sequence[RemoteRecord], read_at: datetime, source: Source
) -> None:
    """Take them over under the same guards as a pull's page."""
    run = run_of_hour(scene.state, RunKind.INBOX)
    try:
        with transaction.atomic():
            counts = page_apply(replace(scene, run=run), records, read_at=read_at, source=source)
            run_count(run, counts)
    except LineClosed:
        # Rolled back: all of it once more, under a line that nobody is undoing.
        _apply(scene, records, read_at, source)
        return
    if counts.updated:
        guards.overwrites_check(scene, run)
    if any(one.is_deleted for one in records):
        # Also what was marked before: it may be looked at because it could not be settled then.
        line = partial(run_of_hour_locked, scene.state, RunKind.INBOX)
        deletes.gone_settle(replace(scene, run_of=line))


def _told(hint: Hint) -> RemoteRecord:
    if hint.record is not None and not hint.is_deleted:
        return hint.record
    return RemoteRecord(hint.external_id, is_deleted=True, is_erased=hint.is_erased)


def _is_read(connection: Connection, object: str) -> bool:
    stream = connection.declaration.stream(object)
    return stream is not None and stream.read is not None


def _told_in_vain(connection: Connection, object: str, gone: Sequence[str] = ()) -> None:
    """The stream is out of service; of what is `gone` nobody can be asked, so it is marked now."""
    state = SyncState.objects.filter(connection=connection, object=object).first()
    if state is None or state.is_live:
        return
    links = SyncRecord.objects.filter(connection=connection, object=object, external_id__in=gone)
    away_note(list(links.filter(state=LinkState.ACTIVE).values_list("pk", flat=True)))
    told_in_vain(state)


def _state(connection: Connection, object: str) -> SyncState | None:
    """The stream, if it is at work and takes anything over."""
    state = (
        SyncState.objects.filter(connection=connection, object=object)
        .select_related("connection__workspace")
        .first()
    )
    return state if state is not None and state.is_live and state.is_pulled else None
