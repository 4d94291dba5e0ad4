"""Pages of one connection: connect, look, test, pause, new credentials, disconnect."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import Action
from crm.views.doors import WorkspaceRequest, workspace_page
from integrations.hub import board, connections, registry
from integrations.hub.errors import AlreadyConnected, HubError, InvalidSettings
from integrations.hub.forms import ConnectionForm, CredentialsForm, DisconnectForm
from integrations.hub.models import Connection
from integrations.hub.provider import Provider
from integrations.hub.words import event_words
from integrations.hub.work_lines import work_lines


@workspace_page(Action.CONNECT)
def connection_new(request: WorkspaceRequest, provider_id: str) -> HttpResponse:
    """Make a connection; it is tested at once and kept even when the test fails."""
    provider = _provider_or_404(provider_id)
    form = ConnectionForm(request.POST or None, provider=provider)
    if request.method == "POST" and form.is_valid():
        connection = _create(request, provider, form)
        if connection is not None:
            return redirect("hub:connection_detail", pk=connection.pk)
    context = {
        "provider": provider,
        "form": form,
        "back_url": reverse("hub:integration_list"),
    }
    return render(request, "hub/connection_form.html", context)


@workspace_page(Action.VIEW)
def connection_detail(request: WorkspaceRequest, pk: int) -> HttpResponse:
    connection = _connection_or_404(request, pk)
    context = {
        "connection": connection,
        "counts": board.work_counts(connection),
        "work": work_lines(connection, board.recent_jobs(connection)),
        "events": [(event, event_words(event.kind)) for event in board.recent_events(connection)],
        "runs": board.recent_runs(connection),
        "webhook_url": connections.webhook_url(connection),
        "sandbox_url": settings.NEXA_SANDBOX_URL,
    }
    return render(request, "hub/connection_detail.html", context)


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
        messages.add_message(
            request, messages.SUCCESS if report.is_ok else messages.ERROR, report.message
        )
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
        said = f"{connection} is active again. Waiting work goes on now. {report.message}"
        messages.add_message(request, messages.SUCCESS if report.is_ok else messages.WARNING, said)
    return redirect("hub:connection_detail", pk=pk)


@workspace_page(Action.CONNECT)
def connection_credentials(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Replace the secrets; waiting work goes on where it stopped."""
    connection = _connection_or_404(request, pk)
    form = CredentialsForm(request.POST or None, provider=_provider_or_404(connection.provider))
    if request.method == "POST" and form.is_valid() and _replace(request, connection, form):
        return redirect("hub:connection_detail", pk=pk)
    context = {"connection": connection, "form": form, "back_url": _detail_url(connection)}
    return render(request, "hub/connection_credentials.html", context)


@workspace_page(Action.CONNECT)
def connection_disconnect(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Show what goes and what stays, then disconnect."""
    connection = _connection_or_404(request, pk)
    form = DisconnectForm(request.POST or None, connection=connection)
    if request.method == "POST" and form.is_valid():
        connections.connection_disconnect(connection, actor=request.membership.user)
        messages.success(request, f"{connection} is disconnected and its credentials are erased.")
        return redirect("hub:integration_list")
    context = {
        "connection": connection,
        "counts": board.work_counts(connection),
        "form": form,
        "back_url": _detail_url(connection),
    }
    return render(request, "hub/connection_disconnect.html", context)


def _create(
    request: WorkspaceRequest, provider: Provider, form: ConnectionForm
) -> Connection | None:
    """The new connection, or None with the refusal on the form."""
    try:
        connection = connections.connection_create(
            workspace=request.workspace,
            provider_id=provider.id,
            name=form.cleaned_data["name"],
            credentials=form.credentials(),
            settings=form.connection_settings(),
            actor=request.membership.user,
        )
    except InvalidSettings as refusal:
        form.add_refusal(refusal)
        return None
    except AlreadyConnected as refusal:
        form.add_error(None, str(refusal))
        return None
    except HubError as refusal:
        form.add_error("name", str(refusal))
        return None
    if connection.attention:
        messages.warning(request, connection.attention)
    else:
        messages.success(request, f"{connection} is connected.")
    return connection


def _replace(request: WorkspaceRequest, connection: Connection, form: CredentialsForm) -> bool:
    """Whether the new secrets were stored; else the refusal is on the form."""
    try:
        report = connections.credentials_replace(
            connection, credentials=form.credentials(), actor=request.membership.user
        )
    except InvalidSettings as refusal:
        form.add_refusal(refusal)
        return False
    except HubError as refusal:
        form.add_error(None, str(refusal))
        return False
    level = messages.SUCCESS if report.is_ok else messages.ERROR
    messages.add_message(request, level, report.message)
    return True


def _provider_or_404(provider_id: str) -> Provider:
    provider = registry.find(provider_id)
    if provider is None:
        raise Http404("There is no such integration.")
    return provider


def _connection_or_404(request: WorkspaceRequest, pk: int) -> Connection:
    return get_object_or_404(board.connections_of(request.workspace), pk=pk)


def _detail_url(connection: Connection) -> str:
    return reverse("hub:connection_detail", args=[connection.pk])
