"""Compares a whole listing of theirs with our links and records, in slices; mends when asked to.

The truth about a stream, independent of cursors and events: what is missing or differs is counted,
shown, and never called green.
"""

from __future__ import annotations

import base64
import time
import zlib
from array import array
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone
from django_q.tasks import async_task

from crm.models import User
from integrations.hub import leases, registry
from integrations.hub.acts import act_remember
from integrations.hub.classification import classified
from integrations.hub.errors import Conflict
from integrations.hub.models import (
    ConnectionState,
    RunKind,
    RunStatus,
    SyncRun,
    SyncStage,
    SyncState,
)
from integrations.hub.redaction import redact
from integrations.hub.sweeps import sweep_register
from integrations.hub.sync.comparing import MENDED, Compared
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.walking import OVER, PAGES, Walk, step

TASK: Final = "integrations.hub.tasks.reconcile"
BUDGET_SECONDS: Final = 20.0
LEASE_SECONDS: Final = 120.0
MOST_TRIES: Final = 10


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
        step(work)
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
    rows = SyncRun.objects.filter(
        kind=RunKind.RECONCILE,
        status=RunStatus.RUNNING,
        connection__provider__in=registry.ids(),
    )
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
        connection__provider__in=registry.ids(),
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
            step(work)
            if time.monotonic() >= until or not leases.renew(lease, LEASE_SECONDS):
                _store(work)
                return True
        _finish(work)
    except Exception as error:  # the boundary: stored on the run, and tried again by the tick
        _failed(run, error)
    return False


def _work_of(run: SyncRun, state: SyncState) -> Walk:
    kept = run.details.get("progress") or {}
    found = Compared(**kept["found"]) if kept else Compared()
    seen: array[int] = array("Q")
    if kept:
        seen.frombytes(zlib.decompress(base64.b64decode(kept["seen"])))
    is_repair = bool(run.details.get("repair"))
    part, place = kept.get("part", PAGES), kept.get("place")
    return Walk(state, run, is_repair, part, place, found, seen, run.requests)


def _store(work: Walk) -> None:
    details = {**work.run.details, "progress": work.kept(), "tries": 0}
    _run_write(work, details=details)


def _finish(work: Walk) -> SyncRun:
    """The stream's coverage, and the run with its samples, in one commit."""
    found, run = work.found, work.run
    result = {"repair": work.is_repair, "percent": found.percent, **found.as_json()}
    with transaction.atomic():
        gaps = bool(found.percent < 100)
        _run_write(
            work,
            status=RunStatus.PARTIAL if gaps else RunStatus.SUCCESS,
            details=result,
            error="",
            finished_at=Now(),
            duration_ms=int((timezone.now() - run.started_at).total_seconds() * 1000),
        )
        coverage = {"percent": found.percent, "counts": found.counts, "run": run.pk}
        coverage["at"] = timezone.now().isoformat()
        SyncState.objects.filter(pk=work.state.pk).update(coverage=coverage)
    run.refresh_from_db()
    work.state.refresh_from_db()
    return run


def _run_write(work: Walk, **values: Any) -> None:
    counts = work.found.counts
    SyncRun.objects.filter(pk=work.run.pk).update(
        total=sum(counts.values()),
        synced=counts["same"] + counts["accepted"],
        failed=sum(counts.get(name, 0) for name in MENDED),
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
