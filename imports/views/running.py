"""The import at work and its result: live progress, pause, cancel, downloads and undo."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from crm.access import Action
from crm.views.doors import WorkspaceRequest, is_swap, swap_headers, workspace_page
from imports.choices import ImportStatus, ProblemKind, UndoState
from imports.downloads import problem_lines
from imports.errors import WrongState
from imports.models import ImportJob
from imports.selectors import problems_of, progress_of
from imports.services import (
    UNDOABLE,
    import_cancel,
    import_pause,
    import_resume,
    import_undo_start,
)
from imports.undo import undo_preview
from imports.views.doors import STEPS, job_or_404, refused, to_job
from imports.views.preparing import csv_response

SHOWN_PROBLEMS = 20
PROGRESS_ID = "import-progress"
OPEN = (ImportStatus.PENDING, ImportStatus.READY)


@require_GET
@workspace_page(Action.IMPORT)
def import_detail(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Progress while the job is at work, its result after; htmx asks for the progress alone."""
    job = job_or_404(request, pk)
    progress = progress_of(job)
    if is_swap(request, PROGRESS_ID):
        if progress is None:
            return HttpResponseClientRefresh()
        context = {"job": job, "progress": progress}
        return swap_headers(render(request, "imports/_progress.html", context))
    if job.status in OPEN:
        return to_job(job)
    context = {
        "job": job,
        "progress": progress,
        "steps": STEPS,
        "problems": problems_of(job, ProblemKind.ERROR, ProblemKind.AMBIGUOUS)[:SHOWN_PROBLEMS],
        "problem_count": job.failed + job.ambiguous,
        "may_undo": _may_undo(job),
        "may_resume": job.started_at is not None
        and job.status in (ImportStatus.PAUSED, ImportStatus.FAILED)
        and not job.file_deleted_at
        and not job.undo_state,
    }
    return swap_headers(render(request, "imports/detail.html", context))


@require_POST
@workspace_page(Action.IMPORT)
def import_pause_post(request: WorkspaceRequest, pk: int) -> HttpResponse:
    return _act(request, pk, import_pause, "Paused. What was imported so far is kept.")


@require_POST
@workspace_page(Action.IMPORT)
def import_resume_post(request: WorkspaceRequest, pk: int) -> HttpResponse:
    return _act(request, pk, import_resume, "Going on where it stopped.")


@require_POST
@workspace_page(Action.IMPORT)
def import_cancel_post(request: WorkspaceRequest, pk: int) -> HttpResponse:
    said = "Cancelled. Rows imported before stay until you undo the import."
    return _act(request, pk, import_cancel, said)


@require_GET
@workspace_page(Action.IMPORT)
def import_problems(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """The rows with problems as CSV: those not imported, or with `?kind=notice` the notices."""
    job = job_or_404(request, pk)
    asked = request.GET.get("kind", "")
    kinds = (
        (ProblemKind(asked),)
        if asked in ProblemKind.values
        else (ProblemKind.ERROR, ProblemKind.AMBIGUOUS)
    )
    problems = problems_of(job, *kinds).iterator(chunk_size=2000)
    return csv_response(problem_lines(job, problems), f"import-{job.pk}-problems.csv")


@workspace_page(Action.IMPORT)
def import_undo(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Say what an undo would do, then do it."""
    job = job_or_404(request, pk)
    if not _may_undo(job):
        messages.error(request, "This import can't be undone now.")
        return to_job(job)
    if request.method == "POST":
        return _act(request, pk, import_undo_start, "The undo has begun.")
    preview = undo_preview(job)
    context = {
        "job": job,
        # A Counter answers a template's `.items` with 0.
        "preview": preview
        and {
            "archived": dict(preview.archived),
            "restored": dict(preview.restored),
            "kept": dict(preview.kept),
            "is_empty": preview.is_empty,
        },
        "back_url": reverse("imports:import_detail", args=[pk]),
    }
    return render(request, "imports/undo.html", context)


def _may_undo(job: ImportJob) -> bool:
    wrote = job.created or job.updated or job.accounts_created or job.accounts_updated
    idle = job.undo_state in (UndoState.NONE, UndoState.FAILED)
    return bool(job.started_at and wrote and idle and job.status in UNDOABLE)


def _act(
    request: WorkspaceRequest, pk: int, act: Callable[[ImportJob], ImportJob], said: str
) -> HttpResponse:
    job = job_or_404(request, pk)
    try:
        act(job)
    except WrongState as error:
        return refused(request, job, error)
    messages.success(request, said)
    return redirect("imports:import_detail", pk=pk)
