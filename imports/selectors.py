"""Reads import jobs for pages: lists, progress and problems, always within one workspace."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now

from crm.models import Workspace
from imports.choices import ImportStatus, Phase, ProblemKind, UndoState
from imports.models import ImportJob, ImportProblem

STALLED_AFTER = datetime.timedelta(seconds=90)


def imports_of(workspace: Workspace) -> QuerySet[ImportJob]:
    """Newest first, each with how long no worker has touched it."""
    silence = ExpressionWrapper(Now() - F("heartbeat_at"), output_field=DurationField())
    return (
        ImportJob.objects.filter(workspace=workspace)
        .select_related("user", "owner", "workspace")
        .annotate(silent_for=silence)
        .order_by("-created_at", "-id")
    )


def imports_at_work() -> int:
    """How many imports of all workspaces a worker checks or writes now."""
    at_work = (ImportStatus.VALIDATING, ImportStatus.IMPORTING)
    return ImportJob.objects.filter(status__in=at_work).count()


def problems_of(job: ImportJob, *kinds: ProblemKind) -> QuerySet[ImportProblem]:
    """In the order of the rows: those of the run, or of the check while nothing has run."""
    phase = Phase.RUN if job.started_at else Phase.PLAN
    notices = ImportProblem.objects.none()
    if ProblemKind.NOTICE in kinds:
        notices = job.problems.filter(phase=Phase.PLAN, kind=ProblemKind.NOTICE)
    told = job.problems.filter(
        phase=phase, kind__in=[kind for kind in kinds if kind is not ProblemKind.NOTICE]
    )
    return (told | notices).order_by("row_number", "id")


@dataclass(frozen=True)
class Progress:
    """How far a job is, as the page shows it."""

    label: str
    percent: int
    rows: int
    per_second: int
    seconds_left: int | None
    is_stalled: bool

    @property
    def time_left(self) -> str:
        """In words, rounded: nobody plans by the second."""
        seconds = self.seconds_left or 0
        if seconds < 60:
            return f"{max(5, 5 * round(seconds / 5))} s"
        minutes = round(seconds / 60)
        return f"{minutes} min" if minutes < 90 else f"{round(minutes / 60)} h"


def progress_of(job: ImportJob) -> Progress | None:
    """None for a job that is not at work."""
    if not job.is_at_work:
        return None
    silent_for: datetime.timedelta | None = getattr(job, "silent_for", None)
    is_stalled = silent_for is not None and silent_for > STALLED_AFTER
    if job.undo_state == UndoState.RUNNING:
        return _undo_progress(job, is_stalled=is_stalled)
    share = _share(job)
    left = round(job.worked_seconds * (1 - share) / share) if share > 0 else None
    checking = job.status == ImportStatus.VALIDATING
    return Progress(
        label="Checking the file" if checking else "Importing",
        percent=int(share * 100),
        rows=job.rows_processed,
        per_second=job.rows_per_second,
        seconds_left=left,
        is_stalled=is_stalled,
    )


def _share(job: ImportJob) -> float:
    if job.rows_total:
        return min(1.0, job.rows_processed / job.rows_total)
    return min(1.0, job.cursor_offset / job.file_size) if job.rows_processed else 0.0


def _undo_progress(job: ImportJob, *, is_stalled: bool) -> Progress:
    done = job.undo_report.get("restored", 0) + job.undo_report.get("archived", 0)
    total = max(1, job.created + job.updated + job.accounts_created)
    return Progress(
        label="Undoing the import",
        percent=min(100, int(done * 100 / total)),
        rows=done,
        per_second=0,
        seconds_left=None,
        is_stalled=is_stalled,
    )
