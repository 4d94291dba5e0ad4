"""Pages of one connection: look, test, pause, disconnect."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import Action, is_allowed
from crm.views.doors import WorkspaceRequest, is_swap, swap_headers, workspace_page
from integrations.hub import board, connections, gates, registry
from integrations.hub.conflicts import open_of_connection
from integrations.hub.errors import HubError
from integrations.hub.first_sync import stream_briefs
from integrations.hub.forms import DisconnectForm
from integrations.hub.handshake import webhook_url
from integrations.hub.mapping.default_rows import defaults_new_of
from integrations.hub.models import Connection, ConnectionState, SyncStage
from integrations.hub.oauth.report import credential_report
from integrations.hub.spans import DAYS, WORDS, span_of
from integrations.hub.streams import Stream
from integrations.hub.trends import trends_of
from integrations.hub.views.conflicts import conflicts_path
from integrations.hub.views.outcomes import is_told, report_say
from integrations.hub.vitals import vitals_of
from integrations.hub.words import event_words
from integrations.hub.work_lines import work_lines

CHARTS, SPAN = "connection-charts", "span"


@workspace_page(Action.VIEW)
def connection_detail(request: WorkspaceRequest, pk: int) -> HttpResponse:
    if is_swap(request, CHARTS):
        connection = _connection_or_404(request, pk)
        context = {"connection": connection, **_charts(request, connection)}
        return swap_headers(render(request, "hub/_charts.html", context))
    connection = get_object_or_404(Connection, pk=pk, workspace=request.workspace)
    if connection.state == ConnectionState.DISABLED:
        return _former(request, connection)
    streams = stream_briefs(connection)
    context = {
        # Without script they are asked for by their link; they are the slow part of the page.
        **(_charts(request, connection) if SPAN in request.GET else {}),
        "connection": connection,
        "counts": board.work_counts(connection),
        "conflicts": open_of_connection(connection),
        "conflicts_url": conflicts_path(connection),
        "work": work_lines(connection, board.recent_jobs(connection)),
        "events": [(event, event_words(event.kind)) for event in board.recent_events(connection)],
        "runs": board.recent_runs(connection),
        "access": credential_report(connection),
        "streams": streams,
        "waiting": [one for one in streams if one.waits_for_person],
        "unaccepted": [one for one in streams if one.wants_first_sync],
        "has_live": any(one.state.stage == SyncStage.LIVE for one in streams),
        "offered": _offered(connection) if is_allowed(request.membership, Action.CONNECT) else [],
        "may_resume": gates.may_resume(connection),
        "webhook_url": webhook_url(connection),
        "sandbox_url": settings.NEXA_SANDBOX_URL,
    }
    return swap_headers(render(request, "hub/connection_detail.html", context))


@require_POST
@workspace_page(Action.CONNECT)
def connection_test(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Ask the vendor whose account this is, and see that its web-hook is right."""
    connection = _connection_or_404(request, pk)
    try:
        report = connections.connection_test(connection)
    except HubError as refusal:
        messages.error(request, str(refusal))
    else:
        report_say(request, connection, report)
    return redirect("hub:connection_detail", pk=pk)


@require_POST
@workspace_page(Action.CONNECT)
def connection_pause(request: WorkspaceRequest, pk: int) -> HttpResponse:
    connection = _connection_or_404(request, pk)
    try:
        connections.connection_pause(connection, actor=request.membership.user)
    except HubError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"{connection} is paused. Changes are kept and sent when it resumes."
        )
    return redirect("hub:connection_detail", pk=pk)


@require_POST
@workspace_page(Action.CONNECT)
def connection_resume(request: WorkspaceRequest, pk: int) -> HttpResponse:
    connection = _connection_or_404(request, pk)
    try:
        report = connections.connection_resume(connection, actor=request.membership.user)
    except HubError as refusal:
        messages.error(request, str(refusal))
    else:
        if report.is_ok:
            said = f"{connection} is active again. Waiting work goes on now. {report.message}"
            messages.success(request, said)
        else:
            why = "See below why." if is_told(connection, report) else report.message
            said = f"{connection} is switched on, but it did not pass its test. {why}"
            messages.warning(request, said)
    return redirect("hub:connection_detail", pk=pk)


@workspace_page(Action.CONNECT)
def connection_disconnect(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Show what goes and what stays, then disconnect."""
    connection = _connection_or_404(request, pk)
    form = DisconnectForm(request.POST or None, connection=connection)
    if request.method == "POST" and form.is_valid():
        note = connections.connection_disconnect(connection, actor=request.membership.user)
        said = f"{connection} is disconnected and its credentials are erased. {note}"
        messages.success(request, said.strip())
        return redirect("hub:integration_list")
    context = {
        "connection": connection,
        "counts": board.work_counts(connection),
        "form": form,
        "back_url": _detail_url(connection),
    }
    return render(request, "hub/connection_disconnect.html", context)


def _former(request: WorkspaceRequest, connection: Connection) -> HttpResponse:
    """In the place of its page: whoever comes by a bookmark learns what became of it."""
    is_installed = registry.find(connection.provider) is not None
    context = {
        "connection": connection,
        "linked": board.linked_count(connection),
        "is_offered": is_installed and is_allowed(request.membership, Action.CONNECT),
    }
    return swap_headers(render(request, "hub/connection_former.html", context))


def _offered(connection: Connection) -> list[tuple[Stream, int]]:
    """Streams whose provider has gained default rows since, and how many."""
    provider = registry.find(connection.provider)
    if provider is None or not provider.streams:
        return []
    found = defaults_new_of(connection, provider.streams)
    return [(one, len(found[one.object])) for one in provider.streams if found[one.object]]


def _charts(request: WorkspaceRequest, connection: Connection) -> dict[str, Any]:
    """How it does now, and what it did over the hours or days the address asks for."""
    span = span_of(request.GET.get(SPAN, DAYS))
    return {
        "span": span.name,
        "spans": WORDS.items(),
        "charts": trends_of(connection, span),
        "vitals": vitals_of(connection),
    }


def _connection_or_404(request: WorkspaceRequest, pk: int) -> Connection:
    return get_object_or_404(board.connections_of(request.workspace), pk=pk)


def _detail_url(connection: Connection) -> str:
    return reverse("hub:connection_detail", args=[connection.pk])
