"""Pulls a stream: page after page, each with the cursor in one commit, until all is here.

A run that is cut off goes on at the page it was at. The time up to which all is stored moves only
when the last page is.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from integrations.hub import consequences, policy
from integrations.hub.classification import classified
from integrations.hub.errors import LeaseLost, Rejected
from integrations.hub.faults import fault
from integrations.hub.http import recording
from integrations.hub.models import (
    BreakerState,
    LinkState,
    RunKind,
    RunStatus,
    SyncRecord,
    SyncRun,
    SyncStage,
    SyncStatus,
)
from integrations.hub.oauth.mending import step_mended
from integrations.hub.policy import Action, Step
from integrations.hub.redaction import redact
from integrations.hub.streams import Page, PullRequest
from integrations.hub.sync import deletes, guards, rehearsal, sweeping
from integrations.hub.sync.counting import run_count
from integrations.hub.sync.holds import is_waiver_over
from integrations.hub.sync.leasing import Held, claim, release, renew
from integrations.hub.sync.pages import page_apply
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.scene import Scene, scene_of

# So long one connection is served before the others have their turn.
TURN_SECONDS: Final = 5.0
SLOWER: Final = 1.5


def turn(connection_id: int, *, seconds: float = TURN_SECONDS) -> Step | None:
    """Pull the connection's first due stream for a while; None when there is none.

    What goes wrong is stored on the stream and told its connection; nothing is raised.
    """
    held = claim(connection_id)
    if held is None:
        return None
    work = rehearsal.pages if held.state.stage == SyncStage.REHEARSING else _pages
    try:
        work(held, time.monotonic() + seconds)
    except Exception as error:
        return _failed(held, error)
    consequences.tell(held.state.connection, policy.SUCCEEDED, was_called=True)
    return policy.SUCCEEDED


def _pages(held: Held, until: float) -> None:
    run = _run(held)
    while True:
        is_last = _page(held, run)
        if is_last:
            _finish(held, run)
            return
        if held.state.hold_reason:
            _held_back(held, run)
            return
        if time.monotonic() >= until:
            release(held, next_run_at=Now())
            return


def _run(held: Held) -> SyncRun:
    """The run at hand, or a new one; what is done is said in the log from its first moment."""
    cursor = held.state.run_cursor
    if cursor:
        run = SyncRun.objects.filter(pk=cursor["run"], status=RunStatus.RUNNING).first()
        if run is not None:
            return run
    return _run_begin(held)


@transaction.atomic
def _run_begin(held: Held) -> SyncRun:
    state, started = held.state, database_now()
    is_full = _is_full_due(held, started)
    run = SyncRun.objects.create(
        connection=state.connection,
        kind=RunKind.FULL if is_full else RunKind.PULL,
        object=state.object,
        status=RunStatus.RUNNING,
        cursor_before=state.cursor,
        started_at=started,
    )
    since = None if is_full else _since(held)
    kept = state.run_cursor or {}
    page = kept.get("page") if kept.get("is_full") == is_full else None
    values: dict[str, Any] = {
        "run_cursor": {
            "run": run.pk,
            "is_full": is_full,
            "since": kept["since"] if page else since and since.isoformat(),
            "started": kept["started"] if page else started.isoformat(),
            "newest": kept.get("newest") if page else None,
            "page": page,
        }
    }
    if is_full and not page:
        values["generation"] = state.generation + 1
    held.write(**values)
    return run


def _is_full_due(held: Held, now: datetime) -> bool:
    state = held.state
    is_due = state.next_full_at is not None and state.next_full_at <= now
    return state.is_full_wanted or not state.cursor or is_due


def _since(held: Held) -> datetime:
    """Some of what is known comes again: times are not exact, and indexes lag."""
    cursor: dict[str, str] = held.state.cursor or {}
    return datetime.fromisoformat(cursor["at"]) - timedelta(seconds=held.state.overlap_seconds)


def _page(held: Held, run: SyncRun) -> bool:
    """Read one page and take it over, with the cursor, in one commit; whether it was the last."""
    scene = scene_of(held.state, run=run)
    cursor: dict[str, Any] = held.state.run_cursor or {}
    at = database_now()
    with recording(lambda: renew(held)) as exchanges:
        page = _asked(held, scene, cursor)
    with transaction.atomic():
        counts = page_apply(scene, page.records, read_at=at)
        fault("pull.before_cursor")
        held.write(run_cursor={**cursor, "page": page.cursor, "newest": _newest(cursor, page)})
        run_count(run, counts, requests=len(exchanges))
    guards.overwrites_check(scene, run)
    return page.cursor is None


def _asked(held: Held, scene: Scene, cursor: dict[str, Any]) -> Page:
    """One page of the vendor's; a cursor that it no longer knows begins the run anew."""
    pull = scene.stream.pull
    if pull is None:
        return Page(())
    since = datetime.fromisoformat(cursor["since"]) if cursor["since"] else None
    try:
        return pull(held.state.connection, PullRequest(scene.externals, since, cursor["page"]))
    except Rejected:
        if cursor["page"] is None:
            raise
        held.write(run_cursor={**cursor, "page": None})
        raise


def _newest(cursor: dict[str, Any], page: Page) -> str | None:
    times = [one.modified_at for one in page.records if one.modified_at is not None]
    if cursor["newest"]:
        times.append(datetime.fromisoformat(cursor["newest"]))
    return max(times).isoformat() if times else None


def _finish(held: Held, run: SyncRun) -> None:
    """All pages are stored: what is gone is settled, and the time moves."""
    scene = scene_of(held.state, run=run)
    cursor: dict[str, Any] = held.state.run_cursor or {}
    if run.kind == RunKind.FULL:
        _unseen_mark(scene, run)
    with recording(lambda: renew(held)):
        deletes.gone_settle(scene)
    if run.kind == RunKind.FULL:
        sweeping.left_behind_send(scene)
    fault("pull.before_promotion")
    with transaction.atomic():
        run.refresh_from_db()
        held.write(**_promoted(held, scene, run, cursor))
        _run_end(run, _outcome(run, held), held, error=held.state.hold_reason)
    release(held)


def _outcome(run: SyncRun, held: Held) -> RunStatus:
    if held.state.hold_reason:
        return RunStatus.HELD
    return RunStatus.PARTIAL if run.failed else RunStatus.SUCCESS


def _promoted(held: Held, scene: Scene, run: SyncRun, cursor: dict[str, Any]) -> dict[str, Any]:
    state = held.state
    # In order of modification the newest seen is how far we are; else what was changed while we
    # read may have been passed over, and the run's start is.
    is_exact = scene.stream.is_sorted and not cursor["is_full"]
    started = _started_there(held, cursor)
    at = (cursor["newest"] or (state.cursor or {}).get("at")) if is_exact else None
    # One record dated in the future must not hide all that changes until then.
    at = started if at is None else min(at, started, key=datetime.fromisoformat)
    interval = _interval(held, run)
    values: dict[str, Any] = {
        "cursor": {"at": at},
        "run_cursor": None,
        "status": SyncStatus.IDLE,
        "error_count": 0,
        "last_error": "",
        "last_sync_at": Now(),
        "records_synced": F("records_synced") + run.synced,
        "interval_seconds": interval,
        "next_run_at": Now() + timedelta(seconds=interval),
        "is_guard_waived": state.is_guard_waived and not is_waiver_over(scene),
    }
    if cursor["is_full"]:
        values |= {
            "is_full_wanted": False,
            "last_full_at": Now(),
            "next_full_at": Now() + timedelta(seconds=state.full_interval_seconds),
        }
    return values


def _started_there(held: Held, cursor: dict[str, Any]) -> str:
    """The run's start by the vendor's clock, which its first answer has told."""
    offset = timedelta(milliseconds=held.state.connection.clock_offset_ms)
    return (datetime.fromisoformat(cursor["started"]) + offset).isoformat()


def _interval(held: Held, run: SyncRun) -> int:
    """Nothing new makes the next pause longer, anything new as short as may be."""
    state = held.state
    if run.created or run.updated or run.deleted:
        return state.shortest_interval_seconds
    slower = int(state.interval_seconds * SLOWER)
    return max(state.shortest_interval_seconds, min(slower, state.longest_interval_seconds))


def _unseen_mark(scene: Scene, run: SyncRun) -> None:
    """What a whole listing left out may be gone; each is looked for alone before it is believed."""
    if scene.stream.read is None:
        return
    SyncRecord.objects.filter(
        connection=scene.connection,
        object=scene.stream.object,
        state=LinkState.ACTIVE,
        seen_generation__lt=scene.state.generation,
        created_at__lt=run.started_at,
        gone_at=None,
    ).update(gone_at=Now())


def _held_back(held: Held, run: SyncRun) -> None:
    _run_end(run, RunStatus.HELD, held, error=held.state.hold_reason)
    release(held, status=SyncStatus.IDLE)


def _failed(held: Held, error: Exception) -> Step:
    """Tried again at the same page; after the last retry the run has failed, and the next begins
    where it stopped."""
    state = held.state
    known = classified(error, state.connection.declaration.error)
    step = policy.step_after(known, attempts=state.error_count)
    step = step_mended(state.connection, step, known)
    if isinstance(known, LeaseLost):
        return step
    words = redact(step.message, state.connection.credentials.texts()).replace("\x00", "")
    is_over = step.action == Action.DEAD
    pause = state.longest_interval_seconds if is_over else step.seconds
    cursor: dict[str, Any] = state.run_cursor or {}
    run = SyncRun.objects.filter(pk=cursor.get("run", 0)).first()
    if is_over and run is not None:
        _run_end(run, RunStatus.FAILED, held, error=words)
    release(
        held,
        status=SyncStatus.ERROR if is_over else state.status,
        last_error=words[:2000],
        error_count=F("error_count") + int(step.is_counted and not is_over),
        next_run_at=Now() + timedelta(seconds=pause),
    )
    # As the breaker's probe it prolongs the outage; else each stream would ask on its own.
    is_probe = state.connection.breaker_state == BreakerState.OPEN
    consequences.tell(state.connection, step, was_called=False, is_probe=is_probe)
    return step


def _run_end(run: SyncRun, status: RunStatus, held: Held, *, error: str = "") -> None:
    seconds = (timezone.now() - run.started_at).total_seconds()
    SyncRun.objects.filter(pk=run.pk).update(
        status=status,
        error=error,
        finished_at=Now(),
        duration_ms=max(0, int(seconds * 1000)),
        cursor_after=held.state.cursor,
    )
