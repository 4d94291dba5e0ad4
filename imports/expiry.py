"""Deletes uploaded files when their time is over; the job, its counts and its undo stay."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from imports.choices import ImportStatus, UndoState
from imports.models import ImportJob

logger = logging.getLogger(__name__)

BATCH: Final = 100
BUDGET_SECONDS: Final = 10.0
# These wait for a person, and without a file there is nothing to wait for.
WAITING: Final = (ImportStatus.PENDING, ImportStatus.READY, ImportStatus.PAUSED)


def files_expire(budget_seconds: float = BUDGET_SECONDS) -> int:
    """Delete files that nobody has worked with for IMPORT_FILE_DAYS; how many. Idempotent.

    Raises, once all the others are gone, what kept a storage from deleting its files.
    """
    deadline, deleted = time.monotonic() + budget_seconds, 0
    kept: list[Exception] = []
    for job_id in _expired().order_by("created_at", "id").values_list("pk", flat=True).iterator():
        if time.monotonic() >= deadline or deleted >= BATCH or len(kept) >= BATCH:
            break
        try:
            deleted += _file_delete(job_id)
        except Exception as error:  # the boundary: one file must not keep the others from going
            logger.exception("the file of import %s could not be deleted", job_id)
            kept.append(error)
    if kept:
        raise ExceptionGroup(f"{len(kept)} uploaded files could not be deleted", kept)
    return deleted


def _expired() -> QuerySet[ImportJob]:
    ended = Now() - timedelta(days=settings.IMPORT_FILE_DAYS)
    at_work = Q(status__in=(ImportStatus.VALIDATING, ImportStatus.IMPORTING)) | Q(
        undo_state=UndoState.RUNNING
    )
    touched = Coalesce(F("finished_at"), F("heartbeat_at"), F("created_at"))
    return (
        ImportJob.objects.filter(file_deleted_at__isnull=True, created_at__lt=ended)
        .exclude(at_work)
        .alias(touched=touched)
        .filter(touched__lt=ended)
    )


def _file_delete(job_id: int) -> bool:
    """The file goes before the commit: where that fails, the next round deletes nothing again."""
    with transaction.atomic():
        jobs = _expired().select_for_update(of=("self",), skip_locked=True)
        job = jobs.filter(pk=job_id).first()
        if job is None:
            return False
        job.file.storage.delete(str(job.file.name))
        if job.status in WAITING:
            job.status, job.finished_at = ImportStatus.CANCELLED, Now()
        job.file_deleted_at = Now()
        job.save(update_fields=["status", "finished_at", "file_deleted_at"])
        return True
