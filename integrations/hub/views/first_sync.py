"""The first-sync page: look at what a new connection would do, then let it go live or leave it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm.access import Action
from crm.views.doors import WorkspaceRequest, workspace_page
from integrations.hub import board
from integrations.hub.errors import HubError
from integrations.hub.first_sync import stream_label, stream_lines
from integrations.hub.models import Connection, SyncStage, SyncState
from integrations.hub.sync.rehearsal import rehearsal_leave, rehearsal_start
from integrations.hub.sync.states import stream_go_live


@workspace_page(Action.CONNECT)
def first_sync(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """How far each stream is, and what was found."""
    connection = _connection_or_404(request, pk)
    lines = stream_lines(connection)
    context = {
        "connection": connection,
        "lines": lines,
        "waiting": [line for line in lines if line.is_waiting],
        "fresh": [line for line in lines if line.state.stage == SyncStage.NEW],
    }
    return render(request, "hub/first_sync.html", context)


@require_POST
@workspace_page(Action.CONNECT)
def first_sync_start(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Look at the streams that nobody has looked at, or at all that wait once more."""
    connection = _connection_or_404(request, pk)
    stages = [SyncStage.NEW, SyncStage.REHEARSED]
    for state in _states(connection, stages):
        rehearsal_start(state, actor=request.membership.user)
    return redirect("hub:first_sync", pk=pk)


@require_POST
@workspace_page(Action.CONNECT)
def first_sync_decide(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Take the chosen streams into service, or leave them as they are."""
    connection = _connection_or_404(request, pk)
    chosen = [int(one) for one in request.POST.getlist("stream") if one.isdecimal()]
    states = _states(connection, list(SyncStage)).filter(pk__in=chosen)
    act = request.POST.get("act")
    if act not in ("accept", "leave") or not states:
        messages.error(request, "Nothing was decided: tick at least one kind of record.")
        return redirect("hub:first_sync", pk=pk)
    for state in states:
        if state.stage == SyncStage.REHEARSED:
            _decide(request, state, is_accepted=act == "accept")
        else:
            _tell_decided(request, state)
    return redirect("hub:first_sync", pk=pk)


def _tell_decided(request: WorkspaceRequest, state: SyncState) -> None:
    """The page was sent twice, or somebody else was faster."""
    now = state.get_stage_display().lower()
    messages.info(request, f"{stream_label(state)}: decided already, it is {now}.")


def _decide(request: WorkspaceRequest, state: SyncState, *, is_accepted: bool) -> None:
    actor, label = request.membership.user, stream_label(state)
    try:
        if is_accepted:
            stream_go_live(state, actor=actor)
            messages.success(request, f"Live: {label}. The first sync has begun.")
        else:
            rehearsal_leave(state, actor=actor)
            messages.success(request, f"Left alone: {label}. Nothing was changed.")
    except HubError as refusal:
        messages.error(request, str(refusal))


def _states(connection: Connection, stages: list[SyncStage]) -> QuerySet[SyncState]:
    rows = SyncState.objects.filter(connection=connection, stage__in=stages, is_enabled=True)
    return rows.select_related("connection__workspace").order_by("order", "pk")


def _connection_or_404(request: WorkspaceRequest, pk: int) -> Connection:
    return get_object_or_404(board.connections_of(request.workspace), pk=pk)
