"""Notes and calls on a contact, company, lead or deal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from crm.access import Action
from crm.forms.activities import ActivityForm, CallForm, NoteForm
from crm.services.activities import call_log, note_add
from crm.services.errors import ServiceError
from crm.views.doors import (
    WorkspaceRequest,
    origin_of,
    record_or_404,
    require_edit,
    workspace_page,
)
from crm.views.kinds import RecordKind
from crm.views.notices import notify
from crm.views.record_kinds import KINDS
from crm.views.records import FORM_METHODS

Write = Callable[[Any, dict[str, Any], WorkspaceRequest], object]


@FORM_METHODS
@workspace_page(Action.EDIT)
def note_create(request: WorkspaceRequest, record_type: str, pk: int) -> HttpResponse:
    def write(record: Any, values: dict[str, Any], request: WorkspaceRequest) -> object:
        return note_add(record, body=values["body"], origin=origin_of(request))

    form = NoteForm(request.POST if request.method == "POST" else None)
    return _activity_page(request, KINDS[record_type], pk, form=form, write=write)


@FORM_METHODS
@workspace_page(Action.EDIT)
def call_create(request: WorkspaceRequest, record_type: str, pk: int) -> HttpResponse:
    def write(record: Any, values: dict[str, Any], request: WorkspaceRequest) -> object:
        return call_log(record, origin=origin_of(request), **values)

    form = CallForm(request.POST if request.method == "POST" else None)
    return _activity_page(request, KINDS[record_type], pk, form=form, write=write)


def _activity_page(
    request: WorkspaceRequest, kind: RecordKind, pk: int, *, form: ActivityForm, write: Write
) -> HttpResponse:
    """Write and return to the record; a form that does not hold is shown on a page of its own."""
    record = record_or_404(kind.records(request.workspace).filter(archived_at=None), pk)
    require_edit(request, record)
    is_call = isinstance(form, CallForm)
    if form.is_valid():
        try:
            write(record, form.cleaned_data, request)
        except ServiceError as error:
            form.refuse(error)
        else:
            notify(request, "The call was logged." if is_call else "The note was added.")
            return redirect(kind.url("detail", record))
    context = {
        "kind": kind,
        "record": record,
        "form": form,
        "is_call": is_call,
        "back_url": kind.url("detail", record),
    }
    return render(request, "crm/records/activity_form.html", context)
