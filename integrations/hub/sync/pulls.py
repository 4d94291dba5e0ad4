"""Pulls a stream: page after page, the cursor in the commit of its rows, until all is here.

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

from integrations.hub import consequences, policy, throttle
from integrations.hub.classification import classified
from integrations.hub.errors import LeaseLost
from integrations.hub.models import (
    BreakerState,
    RunKind,
    RunStatus,
    SyncRun,
    SyncStage,
    SyncStatus,
)
from integrations.hub.oauth.mending import step_mended
from integrations.hub.policy import Action, Step
from integrations.hub.redaction import redact
from integrations.hub.sync import ending, rehearsal
from integrations.hub.sync.ending import run_end
from integrations.hub.sync.gathering import ENOUGH
from integrations.hub.sync.leasing import Held, claim, release
from integrations.hub.sync.listing import pages_take
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.scene import scene_of

# So long one connection is served before the others have their turn.
TURN_SECONDS: Final = 5.0


def turn(connection_id: int, *, seconds: float = TURN_SECONDS) -> Step | None:
    """Pull the connection's first due stream for a while; None when there is none.

    What goes wrong is stored on the stream and told its connection; nothing is raised.
    """
    held = claim(connection_id)
    if held is None:
        return None
    work = rehearsal.pages if held.state.stage == SyncStage.REHEARSING else _pages
    failed: Exception | None = None
    try:
        with throttle.background():
            work(held, time.monotonic() + seconds)
    except Exception as error:
        failed = error
    # Pages that came before the one that failed say that the vendor is there.
    was_called = held.requests > 0
    consequences.tell(held.state.connection, policy.SUCCEEDED, was_called=was_called)
    return policy.SUCCEEDED if failed is None else _failed(held, failed)


def _pages(held: Held, until: float) -> None:
    run = _run(held)
    scene = scene_of(held.state, run=run)
    enough = 1
    while not ending.is_listed(held):
        counts = pages_take(held, scene, run, enough=enough, until=until)
        # The guard looks after each commit: only what is met for the first time may come in masses.
        enough = ENOUGH if not held.state.cursor and not counts.updated else 1
        if held.state.hold_reason and not ending.is_listed(held):
            _held_back(held, run)
            return
        if time.monotonic() >= until:
            release(held, next_run_at=Now())
            return
    ending.end(held, run, until)


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
    kept: dict[str, Any] = state.run_cursor or {}
    if kept.get("is_full") == is_full and (kept.get("page") or kept.get("end")):
        held.write(run_cursor={**kept, "run": run.pk})
        return run
    since = None if is_full else _since(held)
    values: dict[str, Any] = {
        "run_cursor": {
            "run": run.pk,
            "is_full": is_full,
            "since": since and since.isoformat(),
            "started": started.isoformat(),
            "newest": None,
            "page": None,
        }
    }
    if is_full:
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


def _held_back(held: Held, run: SyncRun) -> None:
    run_end(run, RunStatus.HELD, held, error=held.state.hold_reason)
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
        run_end(run, RunStatus.FAILED, held, error=words)
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
