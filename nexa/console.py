"""The operator console: one site and one base class for every admin page."""

from __future__ import annotations

from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import TabularInline as UnfoldTabularInline
from unfold.sites import UnfoldAdminSite


class ConsoleSite(UnfoldAdminSite):
    """The Django admin under our own headers."""


class ModelAdmin(UnfoldModelAdmin):  # type: ignore[misc]
    """Base of every admin page, so that the theme can be exchanged in one file."""


class TabularInline(UnfoldTabularInline):  # type: ignore[misc]
    """Base of every inline table."""
