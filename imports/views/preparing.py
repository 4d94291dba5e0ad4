"""Upload and mapping: the steps before anything is read as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm.access import Action
from crm.selectors.members import members_of
from crm.views.doors import WorkspaceRequest, workspace_page
from imports.choices import DuplicateStrategy, ErrorPolicy, ImportStatus
from imports.custom import custom_fields_of
from imports.dialect import DELIMITERS
from imports.downloads import sample_lines
from imports.encoding import ENCODINGS
from imports.errors import UnreadableFile, WrongState
from imports.forms import MappingForm, ReadingForm, UploadForm, owner_choices
from imports.models import ImportJob
from imports.plan import plan_work
from imports.queue import work_ask
from imports.selectors import imports_of
from imports.services import import_create, import_plan_start, import_reread, samples_of
from imports.views.doors import STEPS, job_or_404, refused, to_job

PAGE_SIZE = 25
# A small file is checked while the person waits; a larger one goes on in the background.
PATIENCE_SECONDS = 2.0


@require_GET
@workspace_page(Action.IMPORT)
def import_list(request: WorkspaceRequest) -> HttpResponse:
    jobs = imports_of(request.workspace)
    status = request.GET.get("status", "")
    if status in ImportStatus.values:
        jobs = jobs.filter(status=status)
    page = Paginator(jobs, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page,
        "status": status if status in ImportStatus.values else "",
        "statuses": ImportStatus.choices,
    }
    return render(request, "imports/list.html", context)


@workspace_page(Action.IMPORT)
def import_new(request: WorkspaceRequest) -> HttpResponse:
    """Take a file; one that can't be read is refused with the reason, and nothing is kept."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            job = import_create(
                workspace=request.workspace,
                user=request.membership.user,
                upload=upload,
                file_name=upload.name,
            )
        except UnreadableFile as error:
            form.add_error("file", str(error))
        else:
            return redirect("imports:import_map", pk=job.pk)
    context = {
        "form": form,
        "steps": STEPS,
        "back_url": reverse("imports:import_list"),
        "limit": settings.IMPORT_MAX_BYTES,
        "file_days": settings.IMPORT_FILE_DAYS,
    }
    return render(request, "imports/new.html", context)


@require_GET
@workspace_page(Action.IMPORT)
def import_sample(request: WorkspaceRequest) -> HttpResponse:
    return csv_response(sample_lines(), "nexa-contacts-sample.csv")


@workspace_page(Action.IMPORT)
def import_map(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """What each column means; saving it checks the whole file."""
    job = job_or_404(request, pk)
    if job.started_at is not None or job.file_deleted_at is not None:
        return to_job(job)
    owners = owner_choices(request.membership.user, members_of(request.workspace))
    form = MappingForm(
        request.POST or None,
        job=job,
        samples=samples_of(job),
        owners=owners,
        custom=custom_fields_of(request.workspace),
    )
    if request.method == "POST" and form.is_valid():
        return _check(request, job, form)
    return render(request, "imports/map.html", _map_context(job, form))


@require_POST
@workspace_page(Action.IMPORT)
def import_reading(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Read the stored file in another encoding or with another delimiter."""
    job = job_or_404(request, pk)
    form = ReadingForm(request.POST)
    if form.is_valid():
        try:
            import_reread(job, **form.cleaned_data)
        except (UnreadableFile, WrongState) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "The file was read anew and its columns guessed again.")
    return redirect("imports:import_map", pk=pk)


def _check(request: WorkspaceRequest, job: ImportJob, form: MappingForm) -> HttpResponse:
    try:
        import_plan_start(
            job,
            mapping=form.mapping(),
            strategy=DuplicateStrategy(form.cleaned_data["strategy"]),
            error_policy=ErrorPolicy(form.cleaned_data["error_policy"]),
            date_order=form.cleaned_data["date_order"],
            owner=form.new_owner(),
        )
    except WrongState as error:
        return refused(request, job, error)
    return check_a_while(job)


def check_a_while(job: ImportJob) -> HttpResponse:
    """Check for as long as a person waits gladly; the queue goes on from there."""
    if plan_work(job.pk, budget_seconds=PATIENCE_SECONDS).has_more:
        work_ask(job.pk)
    return to_job(ImportJob.objects.get(pk=job.pk))


def csv_response(lines: Iterable[str], name: str) -> HttpResponse:
    """A streamed download; it passes the door like any other response."""
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return cast("HttpResponse", response)


def _map_context(job: ImportJob, form: MappingForm) -> dict[str, object]:
    reading = ReadingForm(initial={"encoding": job.encoding, "delimiter": job.delimiter})
    return {
        "job": job,
        "form": form,
        "reading": reading,
        "encoding_label": ENCODINGS.get(job.encoding, job.encoding),
        "delimiter_label": DELIMITERS[job.delimiter],
        "steps": STEPS,
        "back_url": reverse("imports:import_list"),
    }
