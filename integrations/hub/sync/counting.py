"""The lines of the log that pages and batches add to."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Final

from django.db import connection as database
from django.db.models.functions import Now

from integrations.hub.models import RunKind, RunStatus, SyncRun, SyncState
from integrations.hub.sync.page import Counts

# Work that comes in drops is told in one line an hour.
HOUR: Final = timedelta(hours=1)
_COUNT: Final = """
UPDATE hub_syncrun SET total = total + %(seen)s, created = created + %(created)s,
    updated = updated + %(updated)s, deleted = deleted + %(gone)s, failed = failed + %(failed)s,
    synced = synced + %(seen)s - %(failed)s, requests = requests + %(requests)s
WHERE id = %(run)s
"""


def run_of_hour(state: SyncState, kind: RunKind) -> SyncRun:
    """The line of this hour's events or jobs of a stream: what they write is counted and undone.

    One that is being undone, or that the guard has stopped, takes nothing more.
    """
    rows = SyncRun.objects.filter(
        connection=state.connection_id,
        object=state.object,
        kind=kind,
        status=RunStatus.SUCCESS,
        started_at__gt=Now() - HOUR,
        undone_at=None,
    ).exclude(details__has_key="undo")
    return rows.order_by("-pk").first() or SyncRun.objects.create(
        connection_id=state.connection_id,
        object=state.object,
        kind=kind,
        status=RunStatus.SUCCESS,
    )


def run_count(run: SyncRun, counts: Counts, *, requests: int = 0) -> None:
    with database.cursor() as cursor:
        cursor.execute(_COUNT, {**asdict(counts), "requests": requests, "run": run.pk})
