"""Events as vendors sent them, with the raw body, and what became of each."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from crm.console import ReadOnlyAdmin, preformatted
from integrations.hub.admin.answers import act_on_each, operator_of
from integrations.hub.inbox.replay import event_discard, event_replay
from integrations.hub.models import InboxEvent


@admin.register(InboxEvent)
class InboxEventAdmin(ReadOnlyAdmin):
    """Web-hook deliveries; dead ones are replayed or given up from here."""

    list_display = (
        *("received_at", "connection", "kind", "event_id", "subject", "state"),
        *("reason", "attempts"),
    )
    list_filter = ("state", "provider", "kind", "connection")
    search_fields = ("=event_id", "=subject", "kind")
    list_select_related = ("connection",)
    date_hierarchy = "received_at"
    ordering = ("-id",)
    actions = ("replay", "give_up")
    fields = (
        *("connection", "event_id", "kind", "subject", "state", "reason"),
        *("received_at", "occurred_at", "finished_at", "run_at"),
        *("claims", "attempts", "generation", "last_error", "shown_traceback"),
        *("shown_headers", "raw_body"),
    )
    readonly_fields = ("shown_headers", "raw_body", "shown_traceback")

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboxEvent]:
        """The body is large and only one event's page shows it."""
        rows: QuerySet[InboxEvent] = super().get_queryset(request)
        return rows.defer("traceback", "headers")

    @admin.display(description="Raw body")
    def raw_body(self, event: InboxEvent) -> SafeString:
        if event.body is None:
            return preformatted("No longer kept.")
        return preformatted(_readable(bytes(event.body.raw)))

    @admin.display(description="Headers kept")
    def shown_headers(self, event: InboxEvent) -> SafeString:
        return preformatted(event.headers)

    @admin.display(description="Traceback")
    def shown_traceback(self, event: InboxEvent) -> SafeString:
        return preformatted(event.traceback or "none")

    @admin.action(description="Replay the selected events")
    def replay(self, request: HttpRequest, queryset: QuerySet[InboxEvent]) -> None:
        actor = operator_of(request)
        done = "queued again. A fact that was applied is not applied twice."
        act_on_each(self, request, queryset, lambda one: event_replay(one, actor=actor), done)

    @admin.action(description="Give up the selected dead events")
    def give_up(self, request: HttpRequest, queryset: QuerySet[InboxEvent]) -> None:
        actor = operator_of(request)
        done = "given up; they stay listed."
        act_on_each(self, request, queryset, lambda one: event_discard(one, actor=actor), done)


def _readable(raw: bytes) -> str:
    """JSON indented, else the text; bytes that are no text are shown escaped."""
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except ValueError:
        return raw.decode("utf-8", errors="backslashreplace")
