"""How well a stream is, in a word and in sentences; green is said only of what was proven whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from integrations.hub.conflicts import open_of_connection
from integrations.hub.models import SyncStage, SyncState
from integrations.hub.sync.comparing import GAPS
from integrations.hub.troubles import given_up, rows_refused, set_aside_count, troubled_links

# A comparison that is older proves nothing about today.
FRESH: Final = timedelta(hours=50)
# So many pauses may pass before a stream is late.
LATE: Final = 4


@dataclass(frozen=True)
class StreamHealth:
    """`tone` is a badge's: ok, warn, err, or info while nothing is known yet.

    `conflicts` wait for a person now.
    """

    tone: str
    label: str
    reasons: tuple[str, ...] = ()
    percent: float | None = None
    conflicts: int = 0

    @property
    def is_green(self) -> bool:
        return self.tone == "ok"


def stream_health(state: SyncState) -> StreamHealth:
    """Green only when all of it was compared, nothing is set aside, held, failing or late."""
    percent = state.coverage.get("percent")
    if state.stage != SyncStage.LIVE or not state.is_enabled:
        label = "Stopped" if not state.is_enabled else state.get_stage_display()
        return StreamHealth("info", label, (), percent)
    if state.hold_reason:
        return StreamHealth("err", "Waits for you", (state.hold_reason,), percent)
    aside, waiting = set_aside_count(state), open_of_connection(state.connection, state.object)
    troubles = [*_failing(state, aside), *_gaps(state, aside, waiting)]
    if troubles:
        tone = "err" if state.last_error else "warn"
        return StreamHealth(tone, "Not in step", tuple(troubles), percent, waiting)
    unproven = _unproven(state)
    if unproven:
        return StreamHealth("info", "Not compared yet", (unproven,), percent)
    return StreamHealth("ok", "In step", (), percent)


def _failing(state: SyncState, aside: int) -> list[str]:
    found = [f"The last try failed: {state.last_error}"] if state.last_error else []
    if aside:
        found.append(f"{aside} set aside.")
    if troubled := troubled_links(state).order_by().count():
        found.append(f"{troubled} linked with a problem: a field is left out.")
    if refused := rows_refused(state):
        named = ", ".join(str(row) for row in refused)
        found.append(f"Its mapping has rows that may not be read, and do nothing: remove {named}.")
    if dead := given_up(state).count():
        found.append(f"{dead} could not be brought into step and were given up.")
    if state.is_pulled and _is_late(state):
        found.append("It has not been read for longer than it should.")
    return found


def _gaps(state: SyncState, aside: int, waiting: int) -> list[str]:
    """As the last comparison found them; what is set aside or waits now is told as it is now."""
    counts = state.coverage.get("counts", {})
    known = {"conflicts", *(["quarantined"] if aside else [])}
    gaps = [name for name in GAPS if counts.get(name) and name not in known]
    told = [f"{waiting} {'waits' if waiting == 1 else 'wait'} for a decision under Conflicts."]
    return [
        *(told if waiting else []),
        *(f"{GAPS[name]} at the last comparison: {counts[name]}." for name in gaps),
    ]


def _unproven(state: SyncState) -> str:
    at = state.coverage.get("at")
    if state.is_pulled and not state.cursor:
        return "The first sync is not over."
    if not at:
        return "Nobody has compared the two sides yet; it is done each night."
    if state.coverage.get("counts", {}).get("conflicts"):
        return "Conflicts were decided since the last comparison; the next one is at night."
    if timezone.now() - datetime.fromisoformat(at) > FRESH:
        return "The last comparison is too old to tell."
    return ""


def _is_late(state: SyncState) -> bool:
    if state.last_sync_at is None:
        return False
    longest = timedelta(seconds=LATE * max(state.longest_interval_seconds, 60))
    return timezone.now() - state.last_sync_at > longest
