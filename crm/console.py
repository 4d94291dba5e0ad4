"""What every admin page of every app is built on, so that the theme is exchanged in one file.

The site itself, with its policy and sign-in, is nexa/console.py.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Field, URLField
from django.forms import Field as FormField
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import TabularInline as UnfoldTabularInline


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
