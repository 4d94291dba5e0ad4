"""Compares a whole listing of theirs with our links and records, in slices; mends when asked to.

The truth about a stream, independent of cursors and events: what is missing or differs is counted,
shown, and never called green.
"""

from __future__ import annotations

import base64
import time
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone
from django_q.tasks import async_task

from crm.models import User
from integrations.hub import jobs, leases, wake
from integrations.hub.acts import act_remember
from integrations.hub.classification import classified
from integrations.hub.errors import Conflict
from integrations.hub.http import recording
from integrations.hub.merge import Direction
from integrations.hub.models import (
    ConnectionState,
    LinkState,
    QuarantinedItem,
    RunKind,
    RunStatus,
    SyncRecord,
    SyncRun,
    SyncStage,
    SyncState,
)
from integrations.hub.pace import BULK_HEAD_START_SECONDS
from integrations.hub.redaction import redact
from integrations.hub.streams import PullRequest, RemoteRecord
from integrations.hub.sweeps import sweep_register
from integrations.hub.sync import hinting, sweeping
from integrations.hub.sync.comparing import Compared, links_compare, ours_compare, page_compare
from integrations.hub.sync.hands import database_now, remote_read
from integrations.hub.sync.pages import page_apply
from integrations.hub.sync.scene import Scene, scene_of

TASK: Final = "integrations.hub.tasks.reconcile"
BUDGET_SECONDS: Final = 20.0
LEASE_SECONDS: Final = 120.0
BATCH: Final = 500
MOST_TRIES: Final = 10
PAGES, LINKS, OURS, OVER = "pages", "links", "ours", "over"


@dataclass
class _Work:
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


def reconcile_start(state: SyncState, *, is_repair: bool = False) -> SyncRun:
    """A new run of the stream, or the one at work; nothing is compared yet.

    Raises Conflict for a stream that is not live, where there is nothing to compare.
    """
    if state.stage != SyncStage.LIVE:
        raise Conflict("It is not live yet: the first sync comes first.")
    with transaction.atomic():
        locked = SyncState.objects.select_for_update(of=("self",)).get(pk=state.pk)
        rows = SyncRun.objects.filter(
            connection=locked.connection_id, object=locked.object, kind=RunKind.RECONCILE
        )
        at_work = rows.filter(status=RunStatus.RUNNING).order_by("-pk").first()
        if at_work is not None:
            return at_work
        return SyncRun.objects.create(
            connection_id=locked.connection_id,
            kind=RunKind.RECONCILE,
            object=locked.object,
            status=RunStatus.RUNNING,
            started_at=database_now(),
            details={"repair": is_repair},
        )


def reconcile_ask(state: SyncState, *, actor: User, is_repair: bool = False) -> None:
    """Have it compared in the background; raises Conflict."""
    with transaction.atomic():
        run = reconcile_start(state, is_repair=is_repair)
        act_remember(
            state, before=state.stage, after="repair" if is_repair else "reconcile", actor=actor
        )
        _ask(run.pk)


def repair_ask(state: SyncState, *, actor: User) -> None:
    """Have it compared, and what is missing or differs looked at anew; raises Conflict."""
    if not state.is_live:
        raise Conflict("Nothing can be mended while the stream is stopped or waits for you.")
    reconcile_ask(state, actor=actor, is_repair=True)


def reconcile_now(state: SyncState, *, is_repair: bool = False) -> SyncRun:
    """The whole comparison at once; what goes wrong is raised."""
    run = reconcile_start(state, is_repair=is_repair and state.is_live)
    work = _work_of(run, state)
    while work.part != OVER:
        _step(work)
    return _finish(work)


def reconcile_work(run_id: int, *, budget_seconds: float = BUDGET_SECONDS) -> bool:
    """One slice; True while there is more. May be run twice at once, or again.

    A vendor in trouble is asked again by the tick's round, some times; then the run has failed.
    """
    lease = leases.take(f"reconcile:{run_id}", LEASE_SECONDS)
    if lease is None:
        return False
    try:
        is_more = _slice(run_id, lease, time.monotonic() + budget_seconds)
    finally:
        leases.release(lease)
    if is_more:
        _ask(run_id)
    return is_more


def reconcile_sweep() -> int:
    """Begin the night's comparisons, and ask again for those whose task was lost; how many."""
    if timezone.now().hour == settings.SYNC_RECONCILE_HOUR:
        for state in _due():
            reconcile_start(state)
    rows = SyncRun.objects.filter(kind=RunKind.RECONCILE, status=RunStatus.RUNNING)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:20])
    for run_id in ids:
        async_task(TASK, run_id, task_name=f"hub.reconcile.{run_id}")
    return len(ids)


def _due() -> Iterator[SyncState]:
    """Live streams that were not compared since last evening."""
    done = SyncRun.objects.filter(
        connection=OuterRef("connection"),
        object=OuterRef("object"),
        kind=RunKind.RECONCILE,
        started_at__gt=Now() - timedelta(hours=20),
    )
    rows = SyncState.objects.filter(
        ~Exists(done),
        stage=SyncStage.LIVE,
        is_enabled=True,
        connection__state=ConnectionState.ACTIVE,
    )
    return rows.select_related("connection__workspace").iterator()


def _slice(run_id: int, lease: leases.Lease, until: float) -> bool:
    run = SyncRun.objects.select_related("connection__workspace").get(pk=run_id)
    state = SyncState.objects.filter(connection=run.connection_id, object=run.object)
    found = state.select_related("connection__workspace").first()
    if run.status != RunStatus.RUNNING or found is None:
        return False
    try:
        work = _work_of(run, found)
        while work.part != OVER:
            _step(work)
            if time.monotonic() >= until or not leases.renew(lease, LEASE_SECONDS):
                _store(work)
                return True
        _finish(work)
    except Exception as error:  # the boundary: stored on the run, and tried again by the tick
        _failed(run, error)
    return False


def _work_of(run: SyncRun, state: SyncState) -> _Work:
    kept = run.details.get("progress") or {}
    found = Compared(**kept["found"]) if kept else Compared()
    seen: array[int] = array("Q")
    if kept:
        seen.frombytes(zlib.decompress(base64.b64decode(kept["seen"])))
    is_repair = bool(run.details.get("repair"))
    part, place = kept.get("part", PAGES), kept.get("place")
    return _Work(state, run, is_repair, part, place, found, seen, run.requests)


def _step(work: _Work) -> None:
    """One page of theirs, or one batch of links or records of ours."""
    scene = scene_of(work.state)
    at = database_now()
    records: dict[str, RemoteRecord] = {}
    with recording(lambda: None) as exchanges:
        if work.part == PAGES:
            records = _page(work, scene)
        elif work.part == LINKS:
            records = _links(work, scene)
        else:
            _ours(work, scene)
    work.requests += len(exchanges)
    _repair(work, scene, records, at)


def _page(work: _Work, scene: Scene) -> dict[str, RemoteRecord]:
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


def _links(work: _Work, scene: Scene) -> dict[str, RemoteRecord]:
    """Links that no page had: looked for alone before they are said to be missing there."""
    rows = SyncRecord.objects.filter(
        connection=scene.connection, object=scene.stream.object, pk__gt=work.place
    ).exclude(state=LinkState.TOMBSTONE)
    some = list(rows.order_by("pk")[:BATCH])
    if not some:
        work.part, work.place = OURS, 0
        return {}
    work.place = some[-1].pk
    unseen = {link.external_id: link for link in some if not _is_seen(work.seen, link.pk)}
    # One that was linked while we looked was not there to be seen.
    unseen = {name: link for name, link in unseen.items() if link.created_at < work.run.started_at}
    if scene.stream.pull is None and scene.stream.read is None:
        return {}
    found = {} if scene.stream.read is None else remote_read(scene, list(unseen))
    alive = {name: one for name, one in found.items() if not one.is_deleted}
    scene.tables.prefetch_theirs(scene.mapper, list(alive.values()))
    links_compare(scene, unseen, alive, work.found)
    return alive


def _ours(work: _Work, scene: Scene) -> None:
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


def _repair(work: _Work, scene: Scene, records: dict[str, RemoteRecord], at: Any) -> None:
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


def _store(work: _Work) -> None:
    details = {**work.run.details, "progress": work.kept(), "tries": 0}
    _run_write(work, details=details)


def _finish(work: _Work) -> SyncRun:
    """The stream's coverage, and the run with its samples, in one commit."""
    found, run = work.found, work.run
    result = {"repair": work.is_repair, "percent": found.percent, **found.as_json()}
    with transaction.atomic():
        gaps = bool(found.percent < 100)
        _run_write(
            work,
            status=RunStatus.PARTIAL if gaps else RunStatus.SUCCESS,
            details=result,
            finished_at=Now(),
            duration_ms=int((timezone.now() - run.started_at).total_seconds() * 1000),
        )
        coverage = {"percent": found.percent, "counts": found.counts, "run": run.pk}
        coverage["at"] = timezone.now().isoformat()
        SyncState.objects.filter(pk=work.state.pk).update(coverage=coverage)
    run.refresh_from_db()
    work.state.refresh_from_db()
    return run


def _run_write(work: _Work, **values: Any) -> None:
    counts = work.found.counts
    SyncRun.objects.filter(pk=work.run.pk).update(
        total=sum(counts.values()),
        synced=counts["same"] + counts["accepted"],
        failed=counts["differing"] + counts["missing_here"] + counts["missing_there"],
        requests=work.requests,
        **values,
    )


def _failed(run: SyncRun, error: Exception) -> None:
    known = classified(error, run.connection.declaration.error)
    words = redact(str(known), run.connection.credentials.texts()).replace("\x00", "")[:2000]
    tries = int(run.details.get("tries", 0)) + 1
    values: dict[str, Any] = {"error": words, "details": {**run.details, "tries": tries}}
    if tries >= MOST_TRIES:
        values |= {"status": RunStatus.FAILED, "finished_at": Now()}
    SyncRun.objects.filter(pk=run.pk).update(**values)


def _ask(run_id: int) -> None:
    transaction.on_commit(
        lambda: async_task(TASK, run_id, task_name=f"hub.reconcile.{run_id}"), robust=True
    )


sweep_register("sync.reconcile", reconcile_sweep)
