"""The sync log: what one pump did on each connection, as one row a kind of work.

What a stream takes over by events and jobs also stands in that stream's own line of the hour
(sync/counting.py); the statements below count each change and each stretch of work once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.db.models.functions import Now

from integrations.hub.models import Connection, JobKind, RunKind, RunStatus, SyncJob, SyncRun
from integrations.hub.policy import IGNORED, NOTHING_SENT, Action, Step

# An event that only names things of theirs: the jobs it made take them over.
HANDED_ON: Final = "handed on"
# Reasons of a step that is done without anything having been sent or taken over.
NO_WORK: Final = frozenset({IGNORED, NOTHING_SENT})
# Lines of hub_syncrun r that tell of work at all.
IS_WORK: Final = "r.status <> 'running' AND r.kind NOT IN ('rehearsal', 'test')"
# The pump's lines are stretches of work, and the only ones that know of failures; a stream's line
# of the hour tells the same again, unless the guard has stopped it.
IS_RUN: Final = "NOT (r.kind IN ('inbox', 'push') AND r.object <> '' AND r.status = 'success')"
# A record that a stream takes over is counted in the line of that stream.
RECORDS_SYNCED: Final = "(r.synced - COALESCE((r.details ->> 'of_streams')::int, 0))"


@dataclass
class Tally:
    """Counts of one connection and kind; `seconds` is the time spent in the work itself.

    `of_streams` of those synced are counted in the lines of their streams too.
    """

    synced: int = 0
    of_streams: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    error: str = ""

    def add(self, step: Step, seconds: float, *, is_of_stream: bool = False) -> None:
        self.seconds += seconds
        if step.action == Action.DONE:
            self.of_streams += is_of_stream
            self.skipped += step.reason in NO_WORK
            self.synced += step.reason not in NO_WORK
            return
        if not step.is_counted:
            self.skipped += 1
            return
        self.failed += 1
        self.error = step.message or self.error

    @property
    def total(self) -> int:
        return self.synced + self.failed + self.skipped

    @property
    def status(self) -> RunStatus:
        if not self.failed:
            return RunStatus.SUCCESS
        return RunStatus.PARTIAL if self.synced else RunStatus.FAILED


@dataclass
class Tallies:
    """All that one pump counted."""

    by_work: dict[tuple[int, RunKind], Tally] = field(default_factory=dict)

    def of(self, connection_id: int, kind: RunKind) -> Tally:
        return self.by_work.setdefault((connection_id, kind), Tally())

    def store(self) -> None:
        """One row for each connection and kind that had work."""
        present = set(
            Connection.objects.filter(
                pk__in={connection_id for connection_id, _ in self.by_work}
            ).values_list("pk", flat=True)
        )
        SyncRun.objects.bulk_create(
            _row(connection_id, kind, tally)
            for (connection_id, kind), tally in self.by_work.items()
            if connection_id in present
        )


def kind_of(job: SyncJob) -> RunKind:
    """What is taken over is told with the events that asked for it, not with what is sent."""
    if job.kind == JobKind.INBOUND:
        return RunKind.INBOX
    return RunKind.COMMAND if job.intent_id else RunKind.PUSH


@contextmanager
def timed() -> Iterator[list[float]]:
    """A list that holds the seconds spent inside, once they are over."""
    started = time.monotonic()
    spent: list[float] = []
    try:
        yield spent
    finally:
        spent.append(time.monotonic() - started)


def _row(connection_id: int, kind: RunKind, tally: Tally) -> SyncRun:
    return SyncRun(
        connection_id=connection_id,
        kind=kind,
        status=tally.status,
        total=tally.total,
        synced=tally.synced,
        failed=tally.failed,
        skipped=tally.skipped,
        error=tally.error,
        started_at=Now() - timedelta(seconds=tally.seconds),
        finished_at=Now(),
        duration_ms=int(tally.seconds * 1000),
        details={"of_streams": tally.of_streams} if tally.of_streams else {},
    )
