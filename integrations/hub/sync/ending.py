"""The end of a pull, when every page is stored: what is gone is settled, and the time moves.

In slices, as a vendor may have lost very much at once; a slice that fails is done again, and
nothing is listed anew for it.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from integrations.hub.faults import fault
from integrations.hub.http import recording
from integrations.hub.models import (
    LinkState,
    RunKind,
    RunStatus,
    SyncRecord,
    SyncRun,
    SyncStatus,
)
from integrations.hub.sync import deletes, sweeping
from integrations.hub.sync.counting import lines_close
from integrations.hub.sync.holds import is_waiver_over, leave_over
from integrations.hub.sync.leasing import FREE, Held, release, renew
from integrations.hub.sync.missed import archived_send
from integrations.hub.sync.scene import Scene, scene_of

SLOWER: Final = 1.5
# The parts of the end, in order: what is gone there, then what is left behind here.
GONE, LEFT = "gone", "left"


def begun(scene: Scene, cursor: dict[str, Any]) -> dict[str, Any]:
    """What the run's cursor gains with the last page, in the commit of that page."""
    if cursor["is_full"]:
        _unseen_mark(scene, datetime.fromisoformat(cursor["started"]))
    return {"end": {"part": GONE, "after": 0}}


def is_listed(held: Held) -> bool:
    """Whether all pages of the run at hand are stored, so that only its end is left."""
    return bool((held.state.run_cursor or {}).get("end"))


def end(held: Held, run: SyncRun, until: float) -> None:
    """Go on with the end of the run, until it is over or time is up."""
    scene = scene_of(held.state, run=run)
    with recording(lambda: renew(held)) as exchanges:
        is_over = _gone(held, scene, run, until) and _left(held, scene, run, until)
    held.requests += len(exchanges)
    if not is_over:
        release(held, next_run_at=Now())
        return
    fault("pull.before_promotion")
    with transaction.atomic():
        run.refresh_from_db()
        values = _promoted(held, scene, run)
        held.write(**values, **FREE)
        if "is_guard_waived" in values:
            lines_close(held.state)
        run_end(run, _outcome(run, held), held, error=held.state.hold_reason)


def run_end(run: SyncRun, status: RunStatus, held: Held, *, error: str = "") -> None:
    """Close the run's line in the log."""
    seconds = (timezone.now() - run.started_at).total_seconds()
    SyncRun.objects.filter(pk=run.pk).update(
        status=status,
        error=error,
        finished_at=Now(),
        duration_ms=max(0, int(seconds * 1000)),
        cursor_after=held.state.cursor,
    )


def _gone(held: Held, scene: Scene, run: SyncRun, until: float) -> bool:
    if _place(held)["part"] != GONE:
        return True
    if not deletes.gone_settle(scene, until=until):
        return False
    if run.kind == RunKind.FULL:
        _place_set(held, LEFT, 0)
    return True


def _left(held: Held, scene: Scene, run: SyncRun, until: float) -> bool:
    """After a whole listing only: what the vendor lacks is known then."""
    if run.kind != RunKind.FULL:
        return True
    after: int | None = _place(held)["after"]
    while after is not None:
        after = sweeping.left_behind_send(scene, after=after)
        if after is not None and time.monotonic() >= until:
            _place_set(held, LEFT, after)
            return False
    # Whoever archived ours while the stream was out of service is not heard of again.
    archived_send(scene)
    return True


def _place(held: Held) -> dict[str, Any]:
    place: dict[str, Any] = (held.state.run_cursor or {})["end"]
    return place


def _place_set(held: Held, part: str, after: int) -> None:
    place = {"part": part, "after": after}
    held.write(run_cursor={**(held.state.run_cursor or {}), "end": place}, error_count=0)


def _outcome(run: SyncRun, held: Held) -> RunStatus:
    if held.state.hold_reason:
        return RunStatus.HELD
    return RunStatus.PARTIAL if run.failed else RunStatus.SUCCESS


def _promoted(held: Held, scene: Scene, run: SyncRun) -> dict[str, Any]:
    state, cursor = held.state, held.state.run_cursor or {}
    interval = _interval(held, run)
    values: dict[str, Any] = {
        "cursor": {"at": _reached(held, scene)},
        "run_cursor": None,
        "status": SyncStatus.IDLE,
        "error_count": 0,
        "last_error": "",
        "last_sync_at": Now(),
        "records_synced": F("records_synced") + run.synced,
        "interval_seconds": interval,
        "next_run_at": Now() + timedelta(seconds=interval),
    }
    # Only what stood when the stream was claimed ends with it: a "Go on" since is the next run's.
    if state.is_guard_waived and is_waiver_over(scene):
        values |= leave_over()
    if cursor["is_full"]:
        values |= {
            "is_full_wanted": False,
            "last_full_at": Now(),
            "next_full_at": Now() + timedelta(seconds=state.full_interval_seconds),
        }
    return values


def _reached(held: Held, scene: Scene) -> str:
    """The time up to which all is stored.

    In order of modification the newest seen is how far we are; else what was changed while we read
    may have been passed over, and the run's start is.
    """
    cursor: dict[str, Any] = held.state.run_cursor or {}
    is_exact = scene.stream.is_sorted and not cursor["is_full"]
    started = _started_there(held, cursor)
    at = (cursor["newest"] or (held.state.cursor or {}).get("at")) if is_exact else None
    # One record dated in the future must not hide all that changes until then.
    return started if at is None else min(at, started, key=datetime.fromisoformat)


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


def _unseen_mark(scene: Scene, started: datetime) -> None:
    """What a whole listing left out may be gone; each is looked for alone before it is believed."""
    if scene.stream.read is None:
        return
    SyncRecord.objects.filter(
        connection=scene.connection,
        object=scene.stream.object,
        state=LinkState.ACTIVE,
        seen_generation__lt=scene.state.generation,
        created_at__lt=started,
        gone_at=None,
    ).update(gone_at=Now())
