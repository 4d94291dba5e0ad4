"""Walks through all of theirs, then the links that were not met, then ours without a link.

One page or batch at a time, so that the memory is that of one batch and a number a link.
"""

from __future__ import annotations

import base64
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from integrations.hub import jobs, throttle, wake
from integrations.hub.http import recording
from integrations.hub.merge import Direction
from integrations.hub.models import (
    GONE_WORDS,
    LinkState,
    QuarantinedItem,
    SyncRecord,
    SyncRun,
    SyncState,
)
from integrations.hub.pace import BULK_HEAD_START_SECONDS
from integrations.hub.streams import PullRequest, RemoteRecord
from integrations.hub.sync import hinting, sweeping
from integrations.hub.sync.comparing import (
    Compared,
    gone_compare,
    links_compare,
    ours_compare,
    page_compare,
)
from integrations.hub.sync.pages import page_apply
from integrations.hub.sync.remote import database_now, remote_read
from integrations.hub.sync.scene import Scene, scene_of

BATCH: Final = 500
PAGES, LINKS, OURS, OVER = "pages", "links", "ours", "over"


@dataclass
class Walk:
    """A run at hand: the part it is at, where in it, what was found and which links were seen."""

    state: SyncState
    run: SyncRun
    is_repair: bool
    part: str
    place: Any
    found: Compared
    seen: array[int]
    requests: int = 0

    def kept(self) -> dict[str, Any]:
        packed = zlib.compress(self.seen.tobytes(), 1)
        place = {"part": self.part, "place": self.place}
        return {**place, "seen": base64.b64encode(packed).decode(), "found": self.found.as_json()}


def step(work: Walk) -> None:
    """One page of theirs, or one batch of links or records of ours."""
    scene = scene_of(work.state)
    at = database_now()
    records: dict[str, RemoteRecord] = {}
    with throttle.background(), recording(lambda: None) as exchanges:
        if work.part == PAGES:
            records = _page(work, scene)
        elif work.part == LINKS:
            records = _links(work, scene)
        else:
            _ours(work, scene)
    work.requests += len(exchanges)
    _repair(work, scene, records, at)


def _page(work: Walk, scene: Scene) -> dict[str, RemoteRecord]:
    pull = scene.stream.pull
    if pull is None:
        work.part, work.place = LINKS, 0
        return {}
    page = pull(scene.connection, PullRequest(scene.externals, None, work.place))
    work.seen.extend(page_compare(scene, page.records, work.found))
    work.place = page.cursor
    if page.cursor is None:
        work.seen = array("Q", sorted(set(work.seen)))
        work.part, work.place = LINKS, 0
    return {one.id: one for one in page.records}


def _links(work: Walk, scene: Scene) -> dict[str, RemoteRecord]:
    """Links that no page had: looked for alone before they are said to be missing there."""
    rows = SyncRecord.objects.filter(
        connection=scene.connection, object=scene.stream.object, pk__gt=work.place
    ).exclude(Q(state=LinkState.TOMBSTONE) & ~Q(reason=GONE_WORDS))
    some = list(rows.order_by("pk")[:BATCH])
    if not some:
        work.part, work.place = OURS, 0
        return {}
    work.place = some[-1].pk
    apart = [link for link in some if not _is_seen(work.seen, link.pk)]
    gone_compare(scene, [one for one in apart if one.state == LinkState.TOMBSTONE], work.found)
    unseen = {one.external_id: one for one in apart if one.state != LinkState.TOMBSTONE}
    # One that was linked while we looked was not there to be seen.
    unseen = {name: link for name, link in unseen.items() if link.created_at < work.run.started_at}
    if scene.stream.pull is None and scene.stream.read is None:
        return {}
    found = {} if scene.stream.read is None else remote_read(scene, list(unseen))
    alive = {name: one for name, one in found.items() if not one.is_deleted}
    scene.tables.prefetch_theirs(scene.mapper, list(alive.values()))
    links_compare(scene, unseen, alive, work.found)
    return alive


def _ours(work: Walk, scene: Scene) -> None:
    """Ours that have no counterpart though they belong there, and those that were set aside."""
    ids: list[int] = []
    if scene.direction != Direction.PULL and scene.stream.of is not None:
        linked = SyncRecord.objects.filter(
            connection=scene.connection, object=scene.stream.object, local_id=OuterRef("pk")
        )
        rows = sweeping.left_behind(scene).filter(~Exists(linked), pk__gt=work.place)
        ids = list(rows.values_list("pk", flat=True)[:BATCH])
        ours_compare(scene, ids, work.found)
    if ids:
        work.place = ids[-1]
        return
    aside = QuarantinedItem.objects.filter(
        connection=scene.connection, object=scene.stream.object, external_id=""
    )
    for local_id in aside.values_list("local_id", flat=True).iterator():
        work.found.add("quarantined", local_id=local_id)
    work.part = OVER


def _is_seen(seen: Sequence[int], pk: int) -> bool:
    at = bisect_left(seen, pk)
    return at < len(seen) and seen[at] == pk


def _repair(work: Walk, scene: Scene, records: dict[str, RemoteRecord], at: datetime) -> None:
    theirs, ours = work.found.repairs_take()
    if not work.is_repair or not work.state.is_live:
        return
    with transaction.atomic():
        if ours:
            jobs.dirty(scene.connection.pk, scene.stream.record_type, ours, BULK_HEAD_START_SECONDS)
        if scene.stream.read is not None:
            hinting.inbound_add(scene.connection, scene.stream.object, theirs)
        else:
            told = [records[one] for one in theirs if one in records]
            page_apply(scene, told, read_at=at)
    wake.wake_on_commit()
