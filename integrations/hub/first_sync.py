"""What the first-sync page shows of each stream: how far the look is, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.hub import registry
from integrations.hub.conflict_lines import field_words
from integrations.hub.models import Connection, RunKind, SyncRun, SyncStage, SyncState
from integrations.hub.streams import Stream
from integrations.hub.sync.findings import SORTS

SIDES: Final = {"ours": "Ours stays", "theirs": "Theirs is taken"}
WAITS: Final = "A person decides"
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class FieldLine:
    """One field of a sample, in words."""

    label: str
    ours: str
    theirs: str
    winner: str


@dataclass(frozen=True)
class SampleLine:
    """One thing of theirs, or record of ours, and what would happen to it."""

    name: str
    message: str
    fields: list[FieldLine]


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
        return "Failing", "err"
    percent = state.coverage.get("percent")
    if percent is not None:
        return f"{percent} % in step", "info" if percent == 100 else "warn"
    return "Live", "info"


def stream_lines(connection: Connection) -> list[StreamLine]:
    """Every stream of the connection in the order of its provider; two queries."""
    runs = {
        run.object: run
        for run in SyncRun.objects.filter(connection=connection, kind=RunKind.REHEARSAL)
        .order_by("object", "-pk")
        .distinct("object")
    }
    states = connection.sync_states.select_related("accepted_by")
    return [_line(state, runs.get(state.object)) for state in states]


def stream_of(state: SyncState) -> Stream | None:
    """What the provider declares; None when it, or this part of it, is gone."""
    provider = registry.find(state.connection.provider)
    return provider.stream(state.object) if provider else None


def stream_label(state: SyncState) -> str:
    stream = stream_of(state)
    return stream.label if stream else state.object


def _line(state: SyncState, run: SyncRun | None) -> StreamLine:
    stream = stream_of(state)
    details = run.details if run is not None and state.stage != SyncStage.NEW else {}
    return StreamLine(
        state=state,
        label=stream_label(state),
        run=run,
        counts=details.get("counts", {}),
        forecast=details.get("forecast", {}),
        samples=_samples(stream, details.get("samples", {})),
    )


def _samples(stream: Stream | None, kept: Mapping[str, Any]) -> list[tuple[str, list[SampleLine]]]:
    record_type = stream.record_type if stream else ""
    return [
        (words, [_sample(record_type, one) for one in kept[sort]])
        for sort, words in SORTS.items()
        if kept.get(sort)
    ]


def _sample(record_type: str, one: Mapping[str, Any]) -> SampleLine:
    name = one["external_id"] or f"Our record {one['local_id']}"
    fields = [
        FieldLine(
            field_words(record_type, each["field"]) if record_type else each["field"],
            _words(each["ours"]),
            _words(each["theirs"]),
            SIDES.get(each["winner"], WAITS),
        )
        for each in one["fields"]
    ]
    return SampleLine(name, one.get("message", ""), fields)


def _words(value: Any) -> str:
    return "—" if value in (None, "", [], {}) else str(value)


def duration_words(seconds: int) -> str:
    """Rounded: nobody plans a first sync by the second."""
    if seconds < MINUTE:
        return "less than a minute"
    if seconds < HOUR:
        return f"about {round(seconds / MINUTE)} min"
    return f"about {round(seconds / HOUR, 1)} h"
