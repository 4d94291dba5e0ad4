"""The console's site: its policy, sign-in and label; its pages are built on crm.console."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from allauth.account.decorators import secure_admin_login
from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.sites import UnfoldAdminSite

from nexa import overview
from nexa.sidebar import TITLES

# The theme bundles a build of Alpine that evaluates attributes; CRM pages have no such exception.
console_policy = csp_update({"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]})


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]
    """The Django admin under the console's own policy, with allauth's sign-in in front."""

    site_header = "Nexa console"
    site_title = "Nexa console"
    index_title = "Overview"
    enable_nav_sidebar = True

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        guarded: Callable[..., HttpResponse] = super().admin_view(view, cacheable)
        return _told_apart(cast("Callable[..., HttpResponse]", console_policy(guarded)))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send people to the one sign-in page, with its rate limits and second factor."""
        response: HttpResponse = _told_apart(secure_admin_login(super().login))(
            request, extra_context
        )
        return response

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What needs a person first; the pages themselves are in the menu."""
        may_see = overview.may_see(request)
        shown = {"may_see_overview": may_see, **(overview.overview() if may_see else {})}
        response: HttpResponse = super().index(request, {**shown, **(extra_context or {})})
        return response

    def _build_app_dict(self, request: HttpRequest, label: str | None = None) -> dict[str, Any]:
        """Called what the menu calls them, so that the search finds them by these names too."""
        built: dict[str, Any] = super()._build_app_dict(request, label)
        for app in [built] if label and built else built.values():
            for model in app["models"]:
                model["name"] = TITLES.get(model["model"]._meta.label_lower, model["name"])
        return built


def _told_apart(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Who may not enter is told what the console is; a role in a workspace opens none of it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except PermissionDenied:
            return render(request, "errors/console.html", status=403)

    return guarded


def environment_label(request: HttpRequest) -> list[str] | None:
    """The label top right, such as DEMO; the theme calls this by its path in settings."""
    label = settings.ENVIRONMENT_LABEL
    return [label.upper(), "warning"] if label else None
