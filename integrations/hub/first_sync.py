"""What the first-sync page shows of each stream: how far the look is, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.hub import registry
from integrations.hub.models import Connection, RunKind, SyncRun, SyncStage, SyncState
from integrations.hub.sample_words import SampleLine, SampleWords
from integrations.hub.streams import Stream
from integrations.hub.sync.findings import SORTS

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class StreamLine:
    """One stream on the page; `counts` is empty before anything was found."""

    state: SyncState
    label: str
    run: SyncRun | None
    counts: Mapping[str, Any]
    forecast: Mapping[str, Any]
    samples: list[tuple[str, list[SampleLine]]]

    @property
    def is_rehearsing(self) -> bool:
        return self.state.stage == SyncStage.REHEARSING

    @property
    def is_waiting(self) -> bool:
        return self.state.stage == SyncStage.REHEARSED

    @property
    def time_words(self) -> str:
        return duration_words(int(self.forecast.get("seconds", 0)))


@dataclass(frozen=True)
class StreamBrief:
    """A stream in a list: its name and how it is, from its own row; never said to be whole."""

    state: SyncState
    label: str
    words: str
    tone: str

    @property
    def waits_for_person(self) -> bool:
        """It stopped to ask, and nobody has switched it off."""
        return bool(self.state.hold_reason) and self.state.is_enabled

    @property
    def wants_first_sync(self) -> bool:
        """Nobody has accepted it yet, and nobody has switched it off."""
        is_kept = self.state.is_enabled and stream_of(self.state) is not None
        return is_kept and self.state.stage != SyncStage.LIVE


def stream_briefs(connection: Connection) -> list[StreamBrief]:
    """Every stream of the connection in the order of its provider; one query."""
    found = []
    for state in connection.sync_states.all():
        words, tone = _brief(state)
        found.append(StreamBrief(state, stream_label(state), words, tone))
    return found


def _brief(state: SyncState) -> tuple[str, str]:
    if stream_of(state) is None:
        return "Kept no more", "warn"
    if state.hold_reason:
        return "Waits for you", "err"
    if not state.is_enabled:
        return "Stopped", "warn"
    if state.stage != SyncStage.LIVE:
        return state.get_stage_display(), "warn"
    if state.last_error:
        return "Last try failed", "err"
    percent = state.coverage.get("percent")
    if percent is not None:
        return f"{percent} % in step", "info" if percent == 100 else "warn"
    return "Live", "info"


def stream_lines(connection: Connection) -> list[StreamLine]:
    """Every stream of the connection in the order of its provider; a few queries in all."""
    runs = {
        run.object: run
        for run in SyncRun.objects.filter(connection=connection, kind=RunKind.REHEARSAL)
        .order_by("object", "-pk")
        .distinct("object")
    }
    states = list(connection.sync_states.select_related("accepted_by"))
    kept = [
        (state, sort, one)
        for state in states
        for sort, rows in _details(state, runs.get(state.object)).get("samples", {}).items()
        for one in rows
    ]
    words = SampleWords(connection, kept)
    return [_line(state, runs.get(state.object), words) for state in states]


def stream_of(state: SyncState) -> Stream | None:
    """What the provider declares; None when it, or this part of it, is gone."""
    provider = registry.find(state.connection.provider)
    return provider.stream(state.object) if provider else None


def stream_label(state: SyncState) -> str:
    stream = stream_of(state)
    return stream.label if stream else state.object


def _line(state: SyncState, run: SyncRun | None, words: SampleWords) -> StreamLine:
    details = _details(state, run)
    samples = details.get("samples", {})
    return StreamLine(
        state=state,
        label=stream_label(state),
        run=run,
        counts=details.get("counts", {}),
        forecast=details.get("forecast", {}),
        samples=[
            (label, [words.line(state, sort, one) for one in samples[sort]])
            for sort, label in SORTS.items()
            if samples.get(sort)
        ],
    )


def _details(state: SyncState, run: SyncRun | None) -> Mapping[str, Any]:
    return run.details if run is not None and state.stage != SyncStage.NEW else {}


def duration_words(seconds: int) -> str:
    """Rounded: nobody plans a first sync by the second."""
    if seconds < MINUTE:
        return "less than a minute"
    if seconds < HOUR:
        return f"about {round(seconds / MINUTE)} min"
    return f"about {round(seconds / HOUR, 1)} h"
