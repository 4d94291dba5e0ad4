"""The operator console: one site and one base for every admin page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from allauth.account.decorators import secure_admin_login
from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.db.models import Field, URLField
from django.forms import Field as FormField
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import TabularInline as UnfoldTabularInline
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


class ModelAdmin(UnfoldModelAdmin):  # type: ignore[misc]
    """Base of every admin page, so that the theme can be exchanged in this one file."""

    list_per_page = 50
    show_full_result_count = True
    list_filter_submit = True
    compressed_fields = True

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> FormField | None:
        """An address typed without a scheme means https, here as everywhere."""
        if isinstance(db_field, URLField):
            kwargs["assume_scheme"] = "https"
        field: FormField | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        return field


class TabularInline(UnfoldTabularInline):  # type: ignore[misc]
    """Base of every inline table."""

    extra = 0


class ReadOnlyAdmin(ModelAdmin):
    """Rows a machine writes: people look at them and use the page's actions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """Rows below a record that a machine writes."""

    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def preformatted(value: object) -> SafeString:
    """Stored data as escaped text in a `<pre>`, JSON indented; never markup."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return format_html("<pre>{}</pre>", text)


def environment_label(request: HttpRequest) -> list[str] | None:
    """The label top right, such as DEMO; the theme calls this by its path in settings."""
    label = settings.ENVIRONMENT_LABEL
    return [label.upper(), "warning"] if label else None
