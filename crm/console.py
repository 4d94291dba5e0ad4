"""What every admin page of every app is built on, so that the theme is exchanged in one file.

The site itself, with its policy and sign-in, is nexa/console.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import Field, Model, URLField
from django.forms import Field as FormField
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import TabularInline as UnfoldTabularInline
from unfold.decorators import display as unfold_display
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

MOMENT = "%Y-%m-%d %H:%M:%S"


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


class PasswordInput(UnfoldAdminPasswordWidget):  # type: ignore[misc]
    """A field that is never filled with what is stored."""


class Textarea(UnfoldAdminTextareaWidget):  # type: ignore[misc]
    """Several lines of text."""


class Select(UnfoldAdminSelectWidget):  # type: ignore[misc]
    """A list to choose from, dressed as the theme has it."""


class ReadOnlyAdmin(ModelAdmin):
    """Rows a machine writes: people look at them and use the page's actions.

    Every action that writes asks for the permission "act"; nobody may edit the rows themselves.
    """

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Looking at the rows is not enough; Django's own right to change them is."""
        codename = get_permission_codename("change", self.opts)
        return bool(request.user.has_perm(f"{self.opts.app_label}.{codename}"))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **kwargs: Any
    ) -> HttpResponse:
        """The page offers its acts only to those who may do them."""
        context["may_act"] = self.has_act_permission(request)
        page: HttpResponse = super().render_change_form(request, context, **kwargs)
        return page

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
    return format_html('<pre class="oc-pre">{}</pre>', text)


def moment_column(field: str, description: str) -> Callable[[Model], SafeString | str]:
    """A column or fact with the time to the second, sorted by its field."""

    @admin.display(description=description, ordering=field)
    def moment(row: Model) -> SafeString | str:
        at = getattr(row, field)
        if at is None:
            return "—"
        return format_html(
            '<span class="oc-moment">{}</span>', f"{timezone.localtime(at):{MOMENT}}"
        )

    # The theme checks columns for duplicates by name.
    moment.__name__ = f"shown_{field}"
    return moment


def state_column(
    tones: Mapping[Any, str], field: str = "state", description: str = "State"
) -> Callable[[Model], tuple[str, str]]:
    """A coloured word; `tones` names a colour of the theme for every value of the field."""

    @unfold_display(  # type: ignore[untyped-decorator]
        description=description, ordering=field, label=dict(tones)
    )
    def state(row: Model) -> tuple[str, str]:
        return getattr(row, field), getattr(row, f"get_{field}_display")()

    state.__name__ = f"shown_{field}"
    return state  # type: ignore[no-any-return]


def shortened(text: str, most: int = 60) -> str:
    """For a column; the row's own page has the whole."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def shortened_middle(name: str, most: int = 18) -> str:
    """An id in a column: vendors' ids begin alike, so that the end is what tells them apart."""
    if len(name) <= most:
        return name
    end = most // 2
    return f"{name[: most - end - 1]}…{name[-end:]}"
