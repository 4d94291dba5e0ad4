"""Pages of a connection's mapping: the rows of one stream, each edited, tried on a real record."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import Action
from crm.templatetags.ui import counted
from crm.views.doors import WorkspaceRequest, workspace_page
from integrations.hub import board, registry
from integrations.hub.errors import HubError, InvalidSettings
from integrations.hub.mapping.asking import fields_ask
from integrations.hub.mapping.checks import path_refused
from integrations.hub.mapping.default_rows import defaults_add, defaults_decline
from integrations.hub.mapping.edits import field_create, field_delete, field_update
from integrations.hub.mapping.offers import offers_of
from integrations.hub.mapping.preview import Preview, preview, row_preview
from integrations.hub.mapping.steps import steps_write
from integrations.hub.mapping.transforms import InvalidTransform
from integrations.hub.mapping_forms import FieldMappingForm, our_fields
from integrations.hub.models import Connection, FieldMapping
from integrations.hub.streams import Stream

Context = dict[str, Any]


@workspace_page(Action.CONNECT)
def mapping_index(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """The first stream's."""
    connection = connection_or_404(request, pk)
    streams = connection.declaration.streams
    if not streams:
        raise Http404("This integration keeps no records in step.")
    return redirect(list_url(connection, streams[0].object))


@workspace_page(Action.CONNECT)
def mapping_list(request: WorkspaceRequest, pk: int, object: str) -> HttpResponse:
    """The rows of one stream."""
    connection = connection_or_404(request, pk)
    stream = stream_or_404(connection, object)
    rows = FieldMapping.objects.filter(connection=connection, object=object)
    context = {
        **shared(connection, object),
        "stream": stream,
        "rows": [
            (row, steps_write(row.transform), path_refused(row, stream))
            for row in rows.order_by("order", "pk")
        ],
        "offered": offers_of(connection, stream),
    }
    return render(request, "hub/mapping/list.html", context)


@require_POST
@workspace_page(Action.CONNECT)
def mapping_defaults(request: WorkspaceRequest, pk: int, object: str) -> HttpResponse:
    """Take the ticked rows that the provider has gained, or leave them out for good."""
    connection = connection_or_404(request, pk)
    stream = stream_or_404(connection, object)
    paths, act = set(request.POST.getlist("path")), request.POST.get("act")
    decide = {"add": _defaults_taken, "decline": _defaults_left}.get(str(act))
    try:
        if decide is not None:
            decide(request, connection, stream, paths)
    except HubError as refusal:
        messages.error(request, str(refusal))
    return redirect(list_url(connection, object))


@require_POST
@workspace_page(Action.CONNECT)
def mapping_test(request: WorkspaceRequest, pk: int, object: str) -> HttpResponse:
    """What the whole mapping makes of one record; asks the vendor, writes nothing."""
    connection = connection_or_404(request, pk)
    stream = stream_or_404(connection, object)
    external_id = request.POST.get("external_id", "").strip()[:255].replace("\x00", "")
    context = {
        **shared(connection, object),
        "stream": stream,
        "external_id": external_id,
        "preview": preview(connection, stream, external_id=external_id),
    }
    return render(request, "hub/mapping/test.html", context)


@workspace_page(Action.CONNECT)
def field_new(request: WorkspaceRequest, pk: int, object: str) -> HttpResponse:
    connection = connection_or_404(request, pk)
    stream_or_404(connection, object)
    return _field_page(request, FieldMapping(connection=connection, object=object))


@workspace_page(Action.CONNECT)
def field_edit(request: WorkspaceRequest, pk: int, row_pk: int) -> HttpResponse:
    return _field_page(request, _row_or_404(request, pk, row_pk))


@workspace_page(Action.CONNECT)
def field_remove(request: WorkspaceRequest, pk: int, row_pk: int) -> HttpResponse:
    """Asks first; both sides keep what they hold."""
    row = _row_or_404(request, pk, row_pk)
    back_url = list_url(row.connection, row.object)
    if request.method == "POST":
        field_delete(row, actor=request.membership.user)
        messages.success(request, f"{row} is kept in step no more.")
        return redirect(back_url)
    return render(request, "hub/mapping/field_delete.html", {"row": row, "back_url": back_url})


def connection_or_404(request: WorkspaceRequest, pk: int) -> Connection:
    """A connection of the workspace whose provider is installed."""
    connection = get_object_or_404(board.connections_of(request.workspace), pk=pk)
    if registry.find(connection.provider) is None:
        raise Http404("There is no such integration.")
    return connection


def stream_or_404(connection: Connection, object: str) -> Stream:
    stream = connection.declaration.stream(object)
    if stream is None:
        raise Http404("There is no such kind of record.")
    return stream


def shared(connection: Connection, here: str) -> Context:
    """What all pages of a mapping show: the connection, and the way to the others."""
    declared = connection.declaration
    return {
        "connection": connection,
        "streams": declared.streams,
        "has_people": declared.users is not None,
        "here": here,
    }


def list_url(connection: Connection, object: str) -> str:
    return reverse("hub:mapping_list", args=[connection.pk, object])


def _defaults_taken(
    request: WorkspaceRequest, connection: Connection, stream: Stream, paths: set[str]
) -> None:
    actor = request.membership.user
    added, refused = defaults_add(connection, stream, paths=paths, actor=actor)
    for words in refused:
        messages.error(request, words)
    if added:
        said = f"{counted(len(added), 'row')} added: {', '.join(str(row) for row in added)}."
        messages.success(request, f"{said} Records are compared anew as they come.")


def _defaults_left(
    request: WorkspaceRequest, connection: Connection, stream: Stream, paths: set[str]
) -> None:
    left = defaults_decline(connection, stream, paths=paths, actor=request.membership.user)
    words = f"Left out: {', '.join(left)}. You will not be asked again; you can add such a field."
    messages.success(request, words)


def _field_page(request: WorkspaceRequest, row: FieldMapping) -> HttpResponse:
    """The form of one row; `preview` shows what it would do, without saving."""
    connection, stream = row.connection, stream_or_404(row.connection, row.object)
    form = FieldMappingForm(request.POST or None, row=row)
    shown: Preview | None = None
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            shown = _row_shown(form, stream)
        elif _saved(request, form, stream):
            return redirect(list_url(connection, row.object))
    context = {
        **shared(connection, row.object),
        "form": form,
        "row": row,
        "stream": stream,
        "preview": shown,
        "our_fields": our_fields(connection, stream),
        "their_fields": fields_ask(connection, stream),
        "back_url": list_url(connection, row.object),
    }
    return render(request, "hub/mapping/field_form.html", context)


def _row_shown(form: FieldMappingForm, stream: Stream) -> Preview | None:
    try:
        return row_preview(form.unsaved(), stream)
    except InvalidSettings as refusal:
        form.add_refusal(refusal)
    except InvalidTransform as refusal:
        form.add_error("transform", str(refusal))
    return None


def _saved(request: WorkspaceRequest, form: FieldMappingForm, stream: Stream) -> bool:
    """Whether the row was stored; else the refusal is on the form."""
    actor, row = request.membership.user, form.row
    try:
        if row.pk:
            field_update(row, values=form.values(), actor=actor)
        else:
            field_create(row.connection, stream, values=form.values(), actor=actor)
    except InvalidSettings as refusal:
        form.add_refusal(refusal)
        return False
    messages.success(request, "The mapping is saved. Records are compared anew as they come.")
    return True


def _row_or_404(request: WorkspaceRequest, pk: int, row_pk: int) -> FieldMapping:
    connection = connection_or_404(request, pk)
    row = get_object_or_404(FieldMapping.objects.filter(connection=connection), pk=row_pk)
    row.connection = connection
    return row
