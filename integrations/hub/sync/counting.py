"""Adds what a page did to its run's line in the log."""

from __future__ import annotations

from django.db.models import F

from integrations.hub.models import SyncRun
from integrations.hub.sync.pages import Counts


def run_count(run: SyncRun, counts: Counts, *, requests: int = 0) -> None:
    SyncRun.objects.filter(pk=run.pk).update(
        total=F("total") + counts.seen,
        created=F("created") + counts.created,
        updated=F("updated") + counts.updated,
        deleted=F("deleted") + counts.gone,
        failed=F("failed") + counts.failed,
        synced=F("synced") + counts.seen - counts.failed,
        requests=F("requests") + requests,
    )
