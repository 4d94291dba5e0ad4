"""What every page of an import begins with: the job, of this workspace only."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from crm.views.doors import WorkspaceRequest
from imports.choices import ImportStatus
from imports.errors import WrongState
from imports.models import ImportJob
from imports.selectors import imports_of

STEPS = ["Upload", "Map", "Review", "Import"]


def job_or_404(request: WorkspaceRequest, pk: int) -> ImportJob:
    return get_object_or_404(imports_of(request.workspace), pk=pk)


def to_job(job: ImportJob) -> HttpResponse:
    """The page on which the job's next step is."""
    if job.status == ImportStatus.PENDING:
        return redirect("imports:import_map", pk=job.pk)
    if job.status == ImportStatus.READY:
        return redirect("imports:import_review", pk=job.pk)
    return redirect("imports:import_detail", pk=job.pk)


def refused(request: WorkspaceRequest, job: ImportJob, error: WrongState) -> HttpResponse:
    """Somebody or the worker was quicker, or the step is not open: say so where the job is now."""
    messages.error(request, str(error))
    return to_job(ImportJob.objects.get(pk=job.pk))
