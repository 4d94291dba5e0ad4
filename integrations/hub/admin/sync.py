"""The sync log, and the events that have landed."""

from __future__ import annotations

from django.contrib import admin

from crm.console import ReadOnlyAdmin, moment_column, state_column
from integrations.hub.models import AppliedFact, RunStatus, SyncRun

TONES = {
    RunStatus.SUCCESS: "success",
    RunStatus.RUNNING: "primary",
    RunStatus.PARTIAL: "warning",
    RunStatus.HELD: "warning",
    RunStatus.CANCELLED: "",
    RunStatus.FAILED: "danger",
}


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """What each stretch of work did."""

    begun = staticmethod(moment_column("started_at", "Begun"))
    shown_status = staticmethod(state_column(TONES, "status", "Result"))
    list_display = (
        *("begun", "shown_status", "connection", "kind", "total", "synced", "failed", "skipped"),
        "duration_ms",
    )
    list_filter = ("kind", "status", "connection__provider", "connection")
    search_fields = ("connection__name", "error")
    list_select_related = ("connection",)
    ordering = ("-id",)


@admin.register(AppliedFact)
class AppliedFactAdmin(ReadOnlyAdmin):
    """Events that have landed; each lands once."""

    list_display = ("applied_at", "connection", "key")
    list_filter = ("connection__provider",)
    search_fields = ("key",)
    list_select_related = ("connection",)
    ordering = ("-id",)
    show_full_result_count = False
