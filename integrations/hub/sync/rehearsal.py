"""The first look at a new stream: every page is read and taken over on trial; nothing is kept.

Done in the pump under the stream's lease, so it survives a restart; a person then decides.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from crm.models import User
from integrations.hub import wake
from integrations.hub.acts import act_remember
from integrations.hub.errors import Conflict, HubError, LeaseLost, Rejected
from integrations.hub.http import recording
from integrations.hub.merge import Direction
from integrations.hub.models import (
    RunKind,
    RunStatus,
    SyncRun,
    SyncStage,
    SyncState,
    SyncStatus,
)
from integrations.hub.streams import Page, PullRequest
from integrations.hub.sync import sweeping
from integrations.hub.sync.findings import SAMPLES, Findings, sample_of
from integrations.hub.sync.forecast import forecast
from integrations.hub.sync.leasing import Held, release, renew
from integrations.hub.sync.references import references_pull
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.scene import Scene, scene_of
from integrations.hub.sync.trying import page_try

logger = logging.getLogger("integrations.hub.sync")

# Where to go on is stored when a turn ends: who was met would be too much to store at each page.
SAMPLES_LOOKED: Final = 500


def rehearsal_start(state: SyncState, *, actor: User | None) -> None:
    """Look at the stream from its beginning; raises Conflict for one that is live."""
    with transaction.atomic():
        changed = SyncState.objects.filter(pk=state.pk).exclude(stage=SyncStage.LIVE)
        if not changed.update(
            stage=SyncStage.REHEARSING,
            run_cursor=None,
            next_run_at=Now(),
            error_count=0,
            last_error="",
        ):
            raise Conflict(f"{state.object} is live already.")
        if actor is not None:
            act_remember(state, before=state.stage, after=SyncStage.REHEARSING, actor=actor)
    state.refresh_from_db()
    wake.wake_on_commit()


def rehearsal_leave(state: SyncState, *, actor: User) -> None:
    """The stream stays out of service; what was found is kept in the sync log."""
    with transaction.atomic():
        waiting = SyncState.objects.filter(pk=state.pk).exclude(stage=SyncStage.LIVE)
        waiting.update(stage=SyncStage.NEW, run_cursor=None, status=SyncStatus.IDLE)
        act_remember(state, before=state.stage, after=SyncStage.NEW, actor=actor)
    state.refresh_from_db()


def rehearsal_last(state: SyncState) -> SyncRun | None:
    """The newest look at the stream, finished or not."""
    rows = SyncRun.objects.filter(
        connection=state.connection_id, object=state.object, kind=RunKind.REHEARSAL
    )
    return rows.order_by("-pk").first()


def pages(held: Held, until: float) -> None:
    """Go on with the rehearsal of a stream that was claimed, until it is over or time is up."""
    run, found = _run(held)
    while True:
        cursor: dict[str, Any] = held.state.run_cursor or {}
        scene = scene_of(held.state, run=run)
        page = _try(held, scene, run, found)
        _tell(run, found)
        held.state.run_cursor = {**cursor, "page": page.cursor}
        if page.cursor is None:
            _finish(held, scene, run, found)
            return
        if time.monotonic() >= until:
            kept = {**held.state.run_cursor, "found": found.as_json()}
            release(held, run_cursor=kept, next_run_at=Now(), error_count=0)
            return


def rehearsal_dry(state: SyncState) -> SyncRun:
    """The same at once, of any stream, live ones too; its stage stays. Raises what a pull does."""
    run = _run_make(state)
    found, cursor = Findings(), None
    while True:
        scene = scene_of(state, run=run)
        with recording(lambda: None) as exchanges:
            page = _asked(scene, cursor)
        _page_add(scene, page, found, len(exchanges))
        cursor = page.cursor
        if cursor is None:
            return _end(scene, run, found)


def _run(held: Held) -> tuple[SyncRun, Findings]:
    """Where the last turn stopped, or the beginning; people and pipelines come first."""
    cursor: dict[str, Any] = held.state.run_cursor or {}
    running = SyncRun.objects.filter(pk=cursor.get("run", 0), status=RunStatus.RUNNING)
    kept = running.first()
    if kept is not None:
        return kept, Findings.of_json(cursor.get("found"))
    _references(held)
    run = _run_make(held.state)
    held.write(run_cursor={"run": run.pk, "page": None})
    return run, Findings()


def _references(held: Held) -> None:
    """A vendor that keeps its people to itself can be looked at all the same."""
    try:
        with recording(lambda: renew(held)):
            references_pull(held.state.connection)
    except LeaseLost:
        raise
    except HubError as error:
        logger.warning("people of connection %s: %s", held.state.connection.pk, error)


def _run_make(state: SyncState) -> SyncRun:
    return SyncRun.objects.create(
        connection=state.connection,
        kind=RunKind.REHEARSAL,
        object=state.object,
        status=RunStatus.RUNNING,
        started_at=database_now(),
    )


def _try(held: Held, scene: Scene, run: SyncRun, found: Findings) -> Page:
    cursor = (held.state.run_cursor or {}).get("page")
    with recording(lambda: renew(held)) as exchanges:
        try:
            page = _asked(scene, cursor)
        except Rejected:
            if cursor is not None:
                # The vendor may have forgotten where we were: from the beginning, then.
                held.write(run_cursor={"run": run.pk, "page": None})
            raise
    held.requests += len(exchanges)
    _page_add(scene, page, found, len(exchanges))
    return page


def _asked(scene: Scene, cursor: Any) -> Page:
    pull = scene.stream.pull
    if pull is None or scene.direction == Direction.PUSH:
        return Page(())
    return pull(scene.connection, PullRequest(scene.externals, None, cursor))


def _page_add(scene: Scene, page: Page, found: Findings, requests: int) -> None:
    began = time.monotonic()
    page_try(scene, page.records, read_at=database_now(), found=found)
    found.requests += requests
    found.seconds += time.monotonic() - began


def _tell(run: SyncRun, found: Findings, **more: Any) -> None:
    """How far it is, in the log, where the page looks."""
    SyncRun.objects.filter(pk=run.pk).update(
        total=found.total,
        synced=found.total - found.failing,
        created=found.created,
        updated=found.updated,
        failed=found.failing + found.ambiguous + found.duplicate,
        requests=found.requests,
        **more,
    )


def _finish(held: Held, scene: Scene, run: SyncRun, found: Findings) -> None:
    with transaction.atomic():
        _end(scene, run, found)
        held.write(
            stage=SyncStage.REHEARSED,
            run_cursor=None,
            status=SyncStatus.IDLE,
            error_count=0,
            last_error="",
        )
    release(held)


def _end(scene: Scene, run: SyncRun, found: Findings) -> SyncRun:
    _made_there(scene, found)
    seconds = (timezone.now() - run.started_at).total_seconds()
    details = {**found.result(), "forecast": forecast(scene, found, seconds)}
    _tell(
        run,
        found,
        status=RunStatus.SUCCESS,
        finished_at=Now(),
        duration_ms=max(0, int(seconds * 1000)),
        details=details,
    )
    run.refresh_from_db()
    return run


def _made_there(scene: Scene, found: Findings) -> None:
    """Records of ours that no page had a counterpart for: they would be sent."""
    if scene.direction == Direction.PULL or scene.stream.of is None:
        return
    rows = sweeping.left_behind(scene)
    found.made_there = max(0, rows.count() - found.joined)
    kept = found.samples.setdefault("made_there", [])
    for record in rows[:SAMPLES_LOOKED]:
        if len(kept) >= SAMPLES or not found.made_there:
            break
        if not found.has_met(f"id:{record.pk}"):
            kept.append(sample_of(local_id=record.pk, message=str(record)))
