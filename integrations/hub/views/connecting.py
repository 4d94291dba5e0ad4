"""Pages that give access to a vendor: connect, connect again, and the way back from a sign-in."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from crm.access import Action
from crm.views.doors import WorkspaceRequest, workspace_page
from integrations.hub import connections, registry
from integrations.hub.errors import AlreadyConnected, HubError, InvalidSettings
from integrations.hub.forms import (
    AgainForm,
    ConnectionForm,
    CredentialsForm,
    ProviderForm,
    SignInForm,
)
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.oauth.attempts import Person, attempt_take
from integrations.hub.oauth.beginning import SignIn, begin_again, begin_new, sign_in_of
from integrations.hub.oauth.connecting import answer_code, grant_finish
from integrations.hub.oauth.names import SignInRefused
from integrations.hub.provider import Provider
from integrations.hub.views.outcomes import connected_say, report_say

BINDER = "oauth_binder"
KEY, SIGN_IN = "key", "sign-in"


@workspace_page(Action.CONNECT)
def connection_new(request: WorkspaceRequest, provider_id: str) -> HttpResponse:
    """Make a connection, by a key or by signing in; kept even when its test fails."""
    provider = _provider_or_404(provider_id)
    sign_in = sign_in_of(provider, _person(request))
    if _method(request, provider, sign_in) == SIGN_IN:
        return _new_by_sign_in(request, provider, sign_in)
    form = ConnectionForm(request.POST or None, provider=provider)
    if request.method == "POST" and form.is_valid():
        connection = _create(request, provider, form)
        if connection is not None:
            return redirect("hub:connection_detail", pk=connection.pk)
    return _page(request, "hub/connection_form.html", form, sign_in, method=KEY)


@workspace_page(Action.CONNECT)
def connection_credentials(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Connect again, also what was disconnected: waiting work goes on where it stopped."""
    connection = get_object_or_404(Connection, pk=pk, workspace=request.workspace)
    provider = _provider_or_404(connection.provider)
    sign_in = sign_in_of(provider, _person(request))
    if _method(request, provider, sign_in, connection) == SIGN_IN:
        return _again_by_sign_in(request, provider, sign_in, connection)
    form = CredentialsForm(request.POST or None, provider=provider)
    if request.method == "POST" and form.is_valid() and _replace(request, connection, form):
        return redirect("hub:connection_detail", pk=pk)
    return _page(
        request, "hub/connection_credentials.html", form, sign_in, method=KEY, connection=connection
    )


@never_cache
@require_GET
def oauth_callback(request: HttpRequest) -> HttpResponse:
    """Where vendors send people back to; its address must not go on to the sign-in page."""
    if not request.user.is_authenticated:
        messages.error(request, "Sign in here, then connect again from the integrations page.")
        return redirect_to_login(reverse("hub:integration_list"))
    return _callback(request)


@workspace_page(Action.CONNECT)
def _callback(request: WorkspaceRequest) -> HttpResponse:
    answer = request.GET.dict()
    try:
        attempt = attempt_take(answer.get("state", ""), _person(request))
    except SignInRefused as refusal:
        return _refused(request, refusal, reverse("hub:integration_list"))
    again_url = (
        reverse("hub:connection_credentials", args=[attempt.connection_id])
        if attempt.connection_id
        else reverse("hub:connection_new", args=[attempt.provider])
    )
    try:
        code = answer_code(attempt, answer)
        report = grant_finish(attempt, code, actor=request.membership.user)
    except AlreadyConnected as refusal:
        return _refused(request, refusal, again_url, message=_taken_words(request, refusal))
    except HubError as refusal:
        return _refused(request, refusal, again_url)
    connection = attempt.connection
    assert connection is not None, "grant_finish leaves the connection there"
    connection.refresh_from_db()
    connected_say(request, connection, report.message)
    return redirect("hub:connection_detail", pk=connection.pk)


def _new_by_sign_in(
    request: WorkspaceRequest, provider: Provider, sign_in: SignIn | None
) -> HttpResponse:
    form = SignInForm(request.POST or None, provider=provider)
    if request.method == "POST" and form.is_valid():
        try:
            url = begin_new(
                provider,
                _person(request),
                name=form.cleaned_data["name"],
                settings=form.connection_settings(),
                is_read_only=form.wants_read_only,
            )
        except InvalidSettings as refusal:
            form.add_refusal(refusal)
        except HubError as refusal:
            form.add_error("name", str(refusal))
        else:
            return _onward(request, provider, url)
    return _page(request, "hub/connection_form.html", form, sign_in, method=SIGN_IN)


def _again_by_sign_in(
    request: WorkspaceRequest, provider: Provider, sign_in: SignIn | None, connection: Connection
) -> HttpResponse:
    initial = {"is_read_only": "yes" if connection.is_read_only else ""}
    typed = request.POST if request.method == "POST" else None
    form = AgainForm(typed, provider=provider, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            url = begin_again(
                provider, _person(request), connection, is_read_only=form.wants_read_only
            )
        except HubError as refusal:
            form.add_error(None, str(refusal))
        else:
            return _onward(request, provider, url)
    return _page(
        request,
        "hub/connection_credentials.html",
        form,
        sign_in,
        method=SIGN_IN,
        connection=connection,
    )


def _onward(request: WorkspaceRequest, provider: Provider, url: str) -> HttpResponse:
    """A page that leads on by itself: an answer to a form may not redirect to another house."""
    context = {"provider": provider, "url": url}
    response = render(request, "hub/sign_in_onward.html", context)
    add_never_cache_headers(response)
    return response


def _page(
    request: WorkspaceRequest,
    template: str,
    form: ProviderForm,
    sign_in: SignIn | None,
    *,
    method: str,
    connection: Connection | None = None,
) -> HttpResponse:
    back_url = (
        reverse("hub:connection_detail", args=[connection.pk])
        if connection is not None and connection.state != ConnectionState.DISABLED
        else reverse("hub:integration_list")
    )
    context = {
        "provider": form.provider,
        "connection": connection,
        "form": form,
        "sign_in": sign_in,
        "is_sign_in": method == SIGN_IN,
        "has_choice": sign_in is not None and form.provider.auth is not None,
        "back_url": back_url,
    }
    return render(request, template, context)


def _method(
    request: WorkspaceRequest,
    provider: Provider,
    sign_in: SignIn | None,
    connection: Connection | None = None,
) -> str:
    """As the person chose; else as it was connected; else signing in, where that is set up."""
    if sign_in is None:
        return KEY
    if provider.auth is None:
        return SIGN_IN
    chosen = request.GET.get("method")
    if chosen in (KEY, SIGN_IN):
        return chosen
    if connection is not None:
        return SIGN_IN if connection.is_oauth else KEY
    return SIGN_IN if sign_in.is_ready else KEY


def _person(request: WorkspaceRequest) -> Person:
    """The session's random value is made when it is first asked for."""
    binder = request.session.get(BINDER)
    if not binder:
        binder = request.session[BINDER] = secrets.token_urlsafe(32)
    return Person(request.membership.user, request.workspace, str(binder))


def _refused(
    request: WorkspaceRequest, refusal: HubError, again_url: str, *, message: str = ""
) -> HttpResponse:
    context = {"message": message or str(refusal), "again_url": again_url}
    return render(request, "hub/sign_in_refused.html", context, status=400)


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
        form.add_error(None, _taken_words(request, refusal))
        return None
    except HubError as refusal:
        form.add_error("name", str(refusal))
        return None
    connected_say(request, connection)
    return connection


def _taken_words(request: WorkspaceRequest, refusal: AlreadyConnected) -> str:
    """The refusal, with the way to the connection that is to be used instead."""
    found = Connection.objects.filter(workspace=request.workspace, pk=refusal.holder or 0).first()
    if found is None:
        return str(refusal)
    is_gone = found.state == ConnectionState.DISABLED
    page = "hub:connection_credentials" if is_gone else "hub:connection_detail"
    words = f"Connect {found.name} again" if is_gone else f"Go to {found.name}"
    link = '{} <a id="taken-by" href="{}">{}</a>'
    return format_html(link, str(refusal), reverse(page, args=[found.pk]), words)


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
    report_say(request, connection, report)
    return True


def _provider_or_404(provider_id: str) -> Provider:
    provider = registry.find(provider_id)
    if provider is None:
        raise Http404("There is no such integration.")
    return provider
