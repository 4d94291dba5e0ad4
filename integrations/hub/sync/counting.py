"""The lines of the log that pages and batches add to."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Final

from django.db import connection as database
from django.db.models import F, Func, JSONField, QuerySet, Value
from django.db.models.functions import Now

from integrations.hub.models import RunKind, RunStatus, SyncRun, SyncState
from integrations.hub.sync.page import Counts

# Work that comes in drops is told in one line an hour.
HOUR: Final = timedelta(hours=1)
# In the details of a line whose writes a person has let through.
LET_THROUGH: Final = "let_through"
# Merged by the database, as an undo keeps its progress in the same place.
_MARKED: Final = Func(
    F("details"),
    Value({LET_THROUGH: True}, JSONField()),
    template="(%(expressions)s)",
    arg_joiner=" || ",
)
_COUNT: Final = """
UPDATE hub_syncrun SET total = total + %(seen)s, created = created + %(created)s,
    updated = updated + %(updated)s, deleted = deleted + %(gone)s, failed = failed + %(failed)s,
    synced = synced + %(seen)s - %(failed)s, requests = requests + %(requests)s,
    finished_at = CASE WHEN kind IN ('inbox', 'push') THEN clock_timestamp() ELSE finished_at END
WHERE id = %(run)s AND NOT details ? 'undo'
"""


class LineClosed(Exception):
    """An undo of the line has begun; what is written under it from now on would be in no undo."""


def run_of_hour(state: SyncState, kind: RunKind) -> SyncRun:
    """The line of this hour's events or jobs of a stream: what they write is counted and undone.

    One that is being undone, or that the guard has stopped, takes nothing more; nor one that a
    person let through, or its count would stop whatever comes next.
    """
    return _open_lines(state, kind).first() or _line_make(state, kind)


def run_of_hour_locked(state: SyncState, kind: RunKind) -> SyncRun:
    """The same, for what this transaction writes: no undo of it begins before the commit."""
    lines = _open_lines(state, kind).select_for_update(no_key=True)
    return lines.first() or _line_make(state, kind)


def lines_release(state: SyncState) -> None:
    """The lines that the guard stopped are good: a person has looked at them."""
    _lines(state).filter(status=RunStatus.HELD).update(status=RunStatus.SUCCESS, details=_MARKED)


def lines_close(state: SyncState) -> None:
    """What a person let through is over: what was written till then counts for nothing to come."""
    of_hour = _lines(state).filter(status=RunStatus.SUCCESS, started_at__gt=Now() - HOUR)
    of_hour.update(details=_MARKED)


def run_count(run: SyncRun, counts: Counts, *, requests: int = 0) -> None:
    """In the transaction of what is counted, which a LineClosed that it raises must roll back.

    A line of the hour ends, for now, with what it counted last.
    """
    with database.cursor() as cursor:
        cursor.execute(_COUNT, {**asdict(counts), "requests": requests, "run": run.pk})
        if not cursor.rowcount:
            raise LineClosed(f"Run {run.pk} is being undone.")


def _open_lines(state: SyncState, kind: RunKind) -> QuerySet[SyncRun]:
    rows = _lines(state).filter(
        kind=kind,
        status=RunStatus.SUCCESS,
        started_at__gt=Now() - HOUR,
        undone_at=None,
    )
    return rows.exclude(details__has_any_keys=["undo", LET_THROUGH]).order_by("-pk")


def _line_make(state: SyncState, kind: RunKind) -> SyncRun:
    return SyncRun.objects.create(
        connection_id=state.connection_id,
        object=state.object,
        kind=kind,
        status=RunStatus.SUCCESS,
    )


def _lines(state: SyncState) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(
        connection=state.connection_id,
        object=state.object,
        kind__in=(RunKind.INBOX, RunKind.PUSH),
    )
