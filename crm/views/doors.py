"""The door of every CRM page: signed in, a member, allowed; only the workspace's own records."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.decorators import login_required
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from crm.access import Action, is_allowed, require
from crm.models import Membership, OwnedRecord, Workspace
from crm.services.origin import Origin, by_user

P = ParamSpec("P")
M = TypeVar("M", bound=Model)
DEFAULT_ZONE = "UTC"


class WorkspaceRequest(HttpRequest):
    """A request that passed the door: its person, workspace and role are known."""

    membership: Membership
    memberships: list[Membership]
    workspace: Workspace
    htmx: HtmxDetails


View = Callable[Concatenate[HttpRequest, P], HttpResponse]
WorkspaceView = Callable[Concatenate[WorkspaceRequest, P], HttpResponse]


def workspace_page(
    action: Action, *, stranger_status: int = 403
) -> Callable[[WorkspaceView[P]], View[P]]:
    """Ask for sign-in, a membership and `action`; times are shown in the person's zone.

    Who has no workspace gets a page that says so, with `stranger_status`.
    """

    def decorate(view: WorkspaceView[P]) -> View[P]:
        @login_required
        @wraps(view)
        def door(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            membership: Membership | None = getattr(request, "membership", None)
            if membership is None:
                return render(request, "crm/no_workspace.html", status=stranger_status)
            require(membership, action)
            with timezone.override(_zone(membership)):
                return view(cast(WorkspaceRequest, request), *args, **kwargs)

        return cast("View[P]", door)

    return decorate


def record_or_404(records: QuerySet[M], pk: int) -> M:
    """The record among `records`, which are of one workspace; 404 tells nothing of others."""
    return get_object_or_404(records, pk=pk)


def may_edit(request: WorkspaceRequest, record: OwnedRecord) -> bool:
    """Whether buttons that change this record are offered."""
    return not record.is_archived and is_allowed(request.membership, Action.EDIT, record)


def may_restore(request: WorkspaceRequest, record: OwnedRecord) -> bool:
    """Whether the way back is offered on an archived record's page."""
    return record.is_archived and is_allowed(request.membership, Action.EDIT, record)


def require_edit(request: WorkspaceRequest, record: OwnedRecord) -> None:
    """PermissionDenied, in words, unless the person may change this record."""
    require(request.membership, Action.EDIT, record)


def origin_of(request: WorkspaceRequest) -> Origin:
    return by_user(request.membership.user)


def is_swap(request: WorkspaceRequest, target: str) -> bool:
    """Whether htmx asks for one region only; a restored page always gets the whole of it."""
    return bool(request.htmx) and request.htmx.target == target


def swap_headers(response: HttpResponse) -> HttpResponse:
    """Keep a browser's cache from showing a region as if it were the page."""
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


def _zone(membership: Membership) -> ZoneInfo:
    """The person's zone; one who never chose has the workspace's."""
    chosen = membership.user.time_zone
    name = membership.workspace.time_zone if chosen in ("", DEFAULT_ZONE) else chosen
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(DEFAULT_ZONE)
