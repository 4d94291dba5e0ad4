"""Tasks, tickets and alerts."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from crm.admin.record import KEPT_BY_SERVICES, OwnedRecordAdmin, operator_origin
from crm.choices import AlertStatus
from crm.console import ReadOnlyAdmin
from crm.models import Alert, Task, Ticket
from crm.services.alerts import alert_resolve


@admin.register(Task)
class TaskAdmin(OwnedRecordAdmin):
    """Things people have to do."""

    list_display = ("title", "workspace", "assigned_to", "due_at", "priority", "status")
    list_filter = ("workspace", "status", "priority", "kind")
    search_fields = ("title",)
    list_select_related = ("workspace", "assigned_to")
    readonly_fields = (*KEPT_BY_SERVICES, "archived_at", "completed_at", "source_key")
    autocomplete_fields = (
        "workspace",
        "owner",
        "assigned_to",
        "contact",
        "lead",
        "account",
        "deal",
    )
    date_hierarchy = "due_at"


@admin.register(Ticket)
class TicketAdmin(OwnedRecordAdmin):
    """Support requests."""

    list_display = ("subject", "workspace", "account", "status", "priority", "assigned_to")
    list_filter = ("workspace", "status", "priority", "escalate")
    search_fields = ("subject",)
    list_select_related = ("workspace", "account", "assigned_to")
    autocomplete_fields = ("workspace", "owner", "contact", "account", "assigned_to")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What people must know of; one row as long as it is open."""

    list_display = (
        *("last_raised_at", "severity", "message", "workspace", "assigned_to"),
        *("occurrences", "status"),
    )
    list_filter = ("workspace", "status", "severity", "kind")
    search_fields = ("message", "=subject_key")
    list_select_related = ("workspace", "assigned_to")
    actions = ("resolve",)

    @admin.action(description="Resolve the selected alerts", permissions=["act"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        waiting = queryset.exclude(status=AlertStatus.RESOLVED)
        for alert in waiting:
            alert_resolve(alert, origin=operator_origin(request))
        self.message_user(request, "Resolved.", messages.SUCCESS)
