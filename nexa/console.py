"""The console's site: its policy, sign-in and label; its pages are built on crm.console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from allauth.account.decorators import secure_admin_login
from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from unfold.sites import UnfoldAdminSite

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
        return cast("Callable[..., HttpResponse]", console_policy(guarded))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send people to the one sign-in page, with its rate limits and second factor."""
        response: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return response


def environment_label(request: HttpRequest) -> list[str] | None:
    """The label top right, such as DEMO; the theme calls this by its path in settings."""
    label = settings.ENVIRONMENT_LABEL
    return [label.upper(), "warning"] if label else None
