"""The integrations page: every vendor that can be connected, and how its connections are."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from crm.access import Action
from crm.views.doors import WorkspaceRequest, workspace_page
from integrations.hub.board import integrations_of


@workspace_page(Action.VIEW)
def integration_list(request: WorkspaceRequest) -> HttpResponse:
    context = {"integrations": integrations_of(request.workspace)}
    return render(request, "hub/integration_list.html", context)
