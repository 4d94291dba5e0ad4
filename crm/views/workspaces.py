"""The switch between workspaces, for who is a member of several."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from crm.access import Action
from crm.middleware import SESSION_KEY
from crm.views.doors import WorkspaceRequest, workspace_page
from crm.views.notices import notify
from crm.views.records import FORM_METHODS


@FORM_METHODS
@workspace_page(Action.VIEW)
def workspace_switch(request: WorkspaceRequest) -> HttpResponse:
    """Choose among one's own workspaces; any other is not found."""
    if request.method != "POST":
        return render(request, "crm/workspace_switch.html", {"memberships": request.memberships})
    wanted = request.POST.get("workspace", "")
    chosen = next((one for one in request.memberships if str(one.workspace_id) == wanted), None)
    if chosen is None:
        raise Http404
    request.session[SESSION_KEY] = chosen.workspace_id
    notify(request, f"You are in {chosen.workspace} now.")
    return redirect("crm:home")
