"""Ends a job whose worker met something nobody foresaw."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from imports.choices import ImportStatus, UndoState
from imports.models import ImportJob


def job_give_up(job_id: int, why: str) -> None:
    """Say what happened, what was kept and what to do; a job not at work is left alone."""
    with transaction.atomic():
        job = ImportJob.objects.select_for_update(of=("self",)).filter(pk=job_id).first()
        if job is None or not job.is_at_work:
            return
        if job.undo_state == UndoState.RUNNING:
            job.undo_state = UndoState.FAILED
            job.error = f"The undo stopped: {why} What it took back stays so; start it again."
        elif job.status == ImportStatus.IMPORTING:
            job.status = ImportStatus.FAILED
            job.error = (
                f"Stopped before row {job.cursor_row}: {why} The rows before it are kept; "
                "resume the import or undo it."
            )
        else:
            job.status = ImportStatus.FAILED
            job.error = f"The check stopped: {why} Nothing was imported; check the file again."
        job.finished_at = Now()
        job.save()
