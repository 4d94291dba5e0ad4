"""List, page, create, edit, archive and restore: the same for every record type (see kinds.py)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.access import Action
from crm.forms.record import RecordForm
from crm.panels import panels_of
from crm.selectors.lookup import LOOKUPS
from crm.services.errors import ServiceError, StaleRecord
from crm.views.doors import (
    WorkspaceRequest,
    may_edit,
    may_restore,
    origin_of,
    record_or_404,
    require_edit,
    swap_headers,
    workspace_page,
)
from crm.views.kinds import RecordKind
from crm.views.listing import list_page
from crm.views.notices import notify
from crm.views.stale import stale_page

FORM_METHODS = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@workspace_page(Action.VIEW)
def record_list(request: WorkspaceRequest, kind: RecordKind) -> HttpResponse:
    """Live records, or the archived ones with `?view=archived`."""
    is_archive = request.GET.get("view") == "archived"
    rows = kind.records(request.workspace).filter(archived_at__isnull=not is_archive)
    listed = list_page(request, rows, kind.listing)
    context = {
        "kind": kind,
        "listed": listed,
        "page_obj": listed.page,
        "is_archive": is_archive,
    }
    templates = [f"{kind.folder}/list.html", "crm/records/list.html"]
    return swap_headers(render(request, templates, context))


@require_GET
@workspace_page(Action.VIEW)
def record_detail(request: WorkspaceRequest, pk: int, kind: RecordKind) -> HttpResponse:
    record = record_or_404(kind.records(request.workspace), pk)
    context = {
        "kind": kind,
        "record": record,
        kind.name: record,
        "may_edit": may_edit(request, record),
        "may_restore": may_restore(request, record),
        "edit_url": kind.url("edit", record),
        "panels": panels_of(request, record),
        **kind.page(request, record),
    }
    return render(request, f"{kind.folder}/detail.html", context)


@FORM_METHODS
@workspace_page(Action.EDIT)
def record_create(request: WorkspaceRequest, kind: RecordKind) -> HttpResponse:
    form = kind.form(
        request.POST if request.method == "POST" else None,
        membership=request.membership,
        initial=_prefilled(request, kind),
    )
    if form.is_valid():
        try:
            record = kind.services.create(
                workspace=request.workspace, values=form.values, origin=origin_of(request)
            )
        except ServiceError as error:
            form.refuse(error)
        else:
            notify(request, f"{kind.noun.capitalize()} {record} was created.")
            after = kind.after_create
            return redirect(after(record) if after else kind.url("detail", record))
    return _form_page(request, kind, form)


@FORM_METHODS
@workspace_page(Action.EDIT)
def record_edit(request: WorkspaceRequest, pk: int, kind: RecordKind) -> HttpResponse:
    record = record_or_404(kind.records(request.workspace).filter(archived_at=None), pk)
    require_edit(request, record)
    posted = request.POST if request.method == "POST" else None
    form = kind.form(posted, instance=record, membership=request.membership)
    if form.is_valid():
        try:
            kind.services.update(
                record,
                values=form.values,
                origin=origin_of(request),
                expected_version=form.expected_version,
            )
        except StaleRecord:
            return stale_page(request, kind, form, record.pk)
        except ServiceError as error:
            form.refuse(error)
        else:
            notify(request, f"{record} was saved.")
            return redirect(kind.url("detail", record))
    return _form_page(request, kind, form, record)


@FORM_METHODS
@workspace_page(Action.EDIT)
def record_archive(request: WorkspaceRequest, pk: int, kind: RecordKind) -> HttpResponse:
    """Say what archiving does, then do it; the next page offers the way back."""
    record = record_or_404(kind.records(request.workspace).filter(archived_at=None), pk)
    require_edit(request, record)
    if request.method != "POST":
        context = {"kind": kind, "record": record, "back_url": kind.url("detail", record)}
        return render(request, "crm/records/archive.html", context)
    kind.services.archive(record, origin=origin_of(request))
    notify(request, f"{record} was archived.", undo=kind.url("restore", record))
    return redirect(kind.url("list"))


@require_POST
@workspace_page(Action.EDIT)
def record_restore(request: WorkspaceRequest, pk: int, kind: RecordKind) -> HttpResponse:
    record = record_or_404(kind.records(request.workspace), pk)
    require_edit(request, record)
    kind.services.restore(record, origin=origin_of(request))
    notify(request, f"{record} is back in {kind.plural}.")
    return redirect(kind.url("detail", record))


def _form_page(
    request: WorkspaceRequest, kind: RecordKind, form: RecordForm, record: Any | None = None
) -> HttpResponse:
    context = {
        "kind": kind,
        "form": form,
        "record": record,
        "back_url": kind.url("detail", record) if record else kind.url("list"),
    }
    return render(request, "crm/records/form.html", context)


def _prefilled(request: WorkspaceRequest, kind: RecordKind) -> dict[str, Any]:
    """What the address gives a new record: links to records of this workspace, and the person."""
    initial: dict[str, Any] = {"owner": request.user.pk, "assigned_to": request.user.pk}
    for name, lookup_name in kind.prefill.items():
        wanted = request.GET.get(name, "")
        if not wanted.isdecimal() or len(wanted) > 18:
            continue
        rows = LOOKUPS[lookup_name].model._default_manager.filter(workspace=request.workspace)
        record = rows.filter(pk=int(wanted), archived_at=None).first()
        if record:
            initial[name] = record
    return initial
