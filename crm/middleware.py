"""Puts the signed-in person's workspace and role on the request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from crm.models import Membership

SESSION_KEY = "workspace_id"


class WorkspaceMiddleware:
    """Sets `request.membership` and `request.workspace`; both None for outsiders.

    `request.memberships` are all the person has, for the switch between workspaces.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        memberships = _memberships(request)
        membership = _chosen(memberships, request)
        request.memberships = memberships  # type: ignore[attr-defined]
        request.membership = membership  # type: ignore[attr-defined]
        request.workspace = membership.workspace if membership else None  # type: ignore[attr-defined]
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            # No shared cache keeps what one person may see; after sign-out it is asked for anew.
            patch_cache_control(response, private=True, no_cache=True)
        return response


def _memberships(request: HttpRequest) -> list[Membership]:
    if not request.user.is_authenticated:
        return []
    mine = Membership.objects.filter(user=request.user)
    return list(mine.select_related("workspace", "user").order_by("id"))


def _chosen(memberships: list[Membership], request: HttpRequest) -> Membership | None:
    """The workspace kept in the session, else the person's first."""
    if not memberships:
        return None
    chosen = request.session.get(SESSION_KEY)
    return next((row for row in memberships if row.workspace_id == chosen), memberships[0])
