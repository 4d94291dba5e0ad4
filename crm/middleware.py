"""Puts the signed-in person's workspace and role on the request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from crm.models import Membership

SESSION_KEY = "workspace_id"


class WorkspaceMiddleware:
    """Sets `request.membership` and `request.workspace`; both None for outsiders."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        membership = _membership(request)
        request.membership = membership  # type: ignore[attr-defined]
        request.workspace = membership.workspace if membership else None  # type: ignore[attr-defined]
        return self.get_response(request)


def _membership(request: HttpRequest) -> Membership | None:
    if not request.user.is_authenticated:
        return None
    memberships = Membership.objects.filter(user=request.user).select_related("workspace", "user")
    chosen = request.session.get(SESSION_KEY)
    return (
        memberships.filter(workspace_id=chosen).first() if chosen else None
    ) or memberships.order_by("id").first()
