"""What a workspace shapes: fields, views and the points of rules."""

from __future__ import annotations

from django.contrib import admin

from crm.console import ModelAdmin
from crm.models import CustomField, RulePoints, SavedView


@admin.register(CustomField)
class CustomFieldAdmin(ModelAdmin):
    """Fields a workspace adds to a record type."""

    list_display = ("label", "key", "record_type", "kind", "workspace", "is_required", "order")
    list_filter = ("workspace", "record_type", "kind")
    search_fields = ("label", "key")
    list_select_related = ("workspace",)
    autocomplete_fields = ("workspace",)


@admin.register(SavedView)
class SavedViewAdmin(ModelAdmin):
    """Lists kept under a name."""

    list_display = ("name", "record_type", "user", "workspace", "is_shared")
    list_filter = ("workspace", "record_type", "is_shared")
    search_fields = ("name", "user__email")
    list_select_related = ("workspace", "user")
    autocomplete_fields = ("workspace", "user")


@admin.register(RulePoints)
class RulePointsAdmin(ModelAdmin):
    """How much each rule moves; a row of a workspace goes before the default for all."""

    list_display = ("rule", "points", "is_enabled", "workspace")
    list_filter = ("workspace", "is_enabled")
    search_fields = ("rule",)
    list_select_related = ("workspace",)
    autocomplete_fields = ("workspace",)
