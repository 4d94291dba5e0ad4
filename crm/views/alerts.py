"""Alerts: a person says that one is dealt with."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import Action
from crm.models import Alert
from crm.services.alerts import alert_resolve as resolve
from crm.views.doors import WorkspaceRequest, origin_of, record_or_404, workspace_page
from crm.views.notices import back_to, notify


@require_POST
@workspace_page(Action.EDIT)
def alert_resolve(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Resolve it; what raises it again opens a new one."""
    alert = record_or_404(Alert.objects.filter(workspace=request.workspace), pk)
    resolve(alert, origin=origin_of(request))
    notify(request, "The alert is resolved. It comes back if its cause does.")
    return back_to(request, reverse("crm:home"))
