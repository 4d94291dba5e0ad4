"""Pipelines, deals and what is sold."""

from __future__ import annotations

from django.contrib import admin

from crm.admin.record import KEPT_BY_SERVICES, OwnedRecordAdmin, RecordAdmin
from crm.console import ReadOnlyInline
from crm.models import Deal, LineItem, Pipeline, Product, Stage


class StageInline(ReadOnlyInline):
    model = Stage
    fields = ("name", "order", "probability", "is_won", "is_lost")


@admin.register(Pipeline)
class PipelineAdmin(RecordAdmin):
    """Ways deals are worked."""

    list_display = ("name", "workspace", "order", "is_default")
    list_filter = ("workspace",)
    search_fields = ("name",)
    inlines = (StageInline,)
    autocomplete_fields = ("workspace",)


@admin.register(Stage)
class StageAdmin(RecordAdmin):
    """Steps of pipelines."""

    list_display = ("name", "pipeline", "workspace", "order", "probability", "is_won", "is_lost")
    list_filter = ("workspace", "is_won", "is_lost")
    search_fields = ("name", "pipeline__name")
    list_select_related = ("workspace", "pipeline")
    autocomplete_fields = ("workspace", "pipeline")


class LineItemInline(ReadOnlyInline):
    model = LineItem
    fields = ("product", "quantity", "unit_price")


@admin.register(Deal)
class DealAdmin(OwnedRecordAdmin):
    """Sales; the stage is moved on the deal's page, where winning has its effects."""

    list_display = (
        *("name", "workspace", "account", "stage", "amount", "currency", "owner", "close_date"),
    )
    list_filter = ("workspace", "stage__is_won", "stage__is_lost")
    search_fields = ("name", "account__name")
    list_select_related = ("workspace", "account", "stage", "owner")
    readonly_fields = (
        *(*KEPT_BY_SERVICES, "archived_at"),
        *("pipeline", "stage", "amount", "probability", "lost_reason", "closed_at"),
    )
    autocomplete_fields = ("workspace", "account", "primary_contact", "owner")
    inlines = (LineItemInline,)
    date_hierarchy = "created_at"

    def has_add_permission(self, request: object) -> bool:
        """A deal starts on its own page, in the first stage of a pipeline."""
        return False


@admin.register(Product)
class ProductAdmin(OwnedRecordAdmin):
    """What is sold, at which price and how often."""

    list_display = ("name", "workspace", "unit_price", "currency", "billing_interval")
    list_filter = ("workspace", "billing_interval", "currency")
    search_fields = ("name",)
    autocomplete_fields = ("workspace", "owner")
