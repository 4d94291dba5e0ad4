"""The page where a connection's settings are changed; its account and secrets stay."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from crm.access import Action
from crm.views.doors import WorkspaceRequest, workspace_page
from integrations.hub import board, registry
from integrations.hub.access import SettingField
from integrations.hub.errors import HubError, InvalidSettings
from integrations.hub.forms import SettingsForm
from integrations.hub.models import Connection
from integrations.hub.reconfiguration import settings_replace


@workspace_page(Action.CONNECT)
def connection_settings(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Change settings; the connection and its web-hook are tested by them at once."""
    connection = get_object_or_404(board.connections_of(request.workspace), pk=pk)
    if registry.find(connection.provider) is None:
        raise Http404("There is no such integration.")
    back_url = reverse("hub:connection_detail", args=[pk])
    form = SettingsForm(request.POST or None, connection=connection)
    if request.method == "POST" and form.is_valid() and _replaced(request, connection, form):
        return redirect(back_url)
    context = {
        "connection": connection,
        "form": form,
        "fixed": fixed_shown(connection),
        "back_url": back_url,
    }
    return render(request, "hub/connection_settings.html", context)


def fixed_shown(connection: Connection) -> list[tuple[SettingField, object]]:
    """What says which account it is: shown, and changed by a new connection only."""
    declared = connection.declaration.settings_fields
    return [(one, connection.settings.get(one.name, "")) for one in declared if one.is_fixed]


def _replaced(request: WorkspaceRequest, connection: Connection, form: SettingsForm) -> bool:
    """Whether the settings were stored; else the refusal is on the form."""
    try:
        report = settings_replace(
            connection, settings=form.connection_settings(), actor=request.membership.user
        )
    except InvalidSettings as refusal:
        form.add_refusal(refusal)
        return False
    except HubError as refusal:
        form.add_error(None, str(refusal))
        return False
    if report.is_ok:
        messages.success(request, f"The settings are saved. {report.message}")
    else:
        messages.warning(request, f"The settings are saved, but the test failed: {report.message}")
    return True
