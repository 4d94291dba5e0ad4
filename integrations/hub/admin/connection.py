"""Connections as the operator sees them: state, gate and breaker; never a credential."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from crm.console import ReadOnlyAdmin, preformatted
from integrations.hub.admin.answers import Words, act_on_each, operator_of
from integrations.hub.connections import connection_pause, connection_resume, connection_test
from integrations.hub.models import Connection, WebhookRefusal
from integrations.hub.oauth.report import credential_report, report_lines
from integrations.hub.overview import NEEDS_ATTENTION
from integrations.hub.spans import DAYS, WORDS, span_of
from integrations.hub.trends import trends_of

PAUSED = Words("connection", "connections", "paused; work is kept and waits for Resume.")
RESUMED = Words("connection", "connections", "resumed; waiting work goes on within seconds.")


class AttentionFilter(admin.SimpleListFilter):
    """The ones the overview counts as in need of a person."""

    title = "needs attention"
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Connection]
    ) -> QuerySet[Connection]:
        if self.value() == "yes":
            return queryset.filter(NEEDS_ATTENTION)
        return queryset.exclude(NEEDS_ATTENTION) if self.value() == "no" else queryset


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """Vendors' accounts; people connect them on the integrations page of their workspace."""

    list_display = (
        *("name", "provider", "workspace", "state", "attention", "gate_reason", "gate_until"),
        *("breaker_state", "last_success_at"),
    )
    list_filter = (
        AttentionFilter,
        "provider",
        "state",
        "gate_reason",
        "breaker_state",
        "workspace",
    )
    search_fields = ("name", "remote_account_name", "=remote_account_id", "workspace__name")
    list_select_related = ("workspace",)
    exclude = ("credentials", "settings", "webhook_key", "scopes")
    readonly_fields = ("access", "shown_settings")
    actions = ("test", "pause", "resume")
    change_form_outer_before_template = "admin/connection_charts.html"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With what it did over the hours or days the address asks for."""
        connection = self.get_object(request, object_id)
        span = span_of(request.GET.get("span", DAYS))
        charts = trends_of(connection, span) if connection is not None else []
        shown = {"charts": charts, "span": span.name, "spans": WORDS.items()}
        response: HttpResponse = super().change_view(
            request, object_id, form_url, {**shown, **(extra_context or {})}
        )
        return response

    @admin.display(description="Access: what it is worth, and what to do")
    def access(self, connection: Connection) -> SafeString:
        return preformatted("\n".join(report_lines(credential_report(connection))))

    @admin.display(description="Settings")
    def shown_settings(self, connection: Connection) -> SafeString:
        return preformatted(connection.settings)

    @admin.action(description="Test the selected connections", permissions=["act"])
    def test(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        for connection in queryset:
            report = connection_test(connection)
            level = messages.SUCCESS if report.is_ok else messages.ERROR
            self.message_user(request, f"{connection}: {report.message}", level)

    @admin.action(description="Pause the selected connections", permissions=["act"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        actor = operator_of(request)
        act_on_each(self, request, queryset, lambda one: connection_pause(one, actor=actor), PAUSED)

    @admin.action(description="Resume the selected connections", permissions=["act"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        actor = operator_of(request)
        act_on_each(
            self, request, queryset, lambda one: connection_resume(one, actor=actor), RESUMED
        )


@admin.register(WebhookRefusal)
class WebhookRefusalAdmin(ReadOnlyAdmin):
    """Web-hook calls that were refused, counted by day and reason."""

    list_display = ("day", "connection", "reason", "count", "first_at", "last_at")
    list_filter = ("connection__provider", "reason")
    search_fields = ("connection__name",)
    list_select_related = ("connection",)
    ordering = ("-day", "-count")
