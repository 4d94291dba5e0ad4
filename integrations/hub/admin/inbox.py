"""Events as vendors sent them, with the raw body, and what became of each."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from crm.console import (
    ReadOnlyAdmin,
    moment_column,
    preformatted,
    shortened,
    shortened_middle,
    state_column,
)
from integrations.hub.admin.answers import Words, act_on_each, confirmation, operator_of
from integrations.hub.inbox.replay import event_discard, event_replay
from integrations.hub.models import InboxEvent, InboxState
from integrations.hub.policy import INBOX_LADDER_SECONDS

TONES = {
    InboxState.RECEIVED: "info",
    InboxState.LEASED: "primary",
    InboxState.DONE: "success",
    InboxState.IGNORED: "",
    InboxState.DEAD: "danger",
    InboxState.DISCARDED: "warning",
}
REPLAYED = Words(
    "event",
    "events",
    "queued again and taken up within seconds. What was applied before is not applied twice.",
)
GIVEN_UP = Words("event", "events", "given up, with your name; still listed.")


@admin.register(InboxEvent)
class InboxEventAdmin(ReadOnlyAdmin):
    """Web-hook deliveries; dead ones are replayed or given up from here."""

    received = staticmethod(moment_column("received_at", "Received"))
    occurred = staticmethod(moment_column("occurred_at", "Occurred at the vendor"))
    due = staticmethod(moment_column("run_at", "Due"))
    finished = staticmethod(moment_column("finished_at", "Finished"))
    shown_state = staticmethod(state_column(TONES))

    list_display = ("received", "shown_state", "event", "connection", "tries", "why")
    list_filter = ("state", "provider", "kind", "connection")
    search_fields = ("=event_id", "=subject", "kind")
    list_select_related = ("connection",)
    date_hierarchy = "received_at"
    ordering = ("-id",)
    actions = ("replay", "give_up")
    change_form_outer_before_template = "admin/dead_row.html"
    dead_words = "This event is dead: no machine takes it up again. Mend the cause, then replay it."
    again_action = "replay"
    again_label = "Replay now"
    fieldsets = (
        (None, {"fields": ("connection", "kind", "event_id", "subject", "state", "reason")}),
        ("Tries", {"fields": ("tries_made", "last_error", "shown_traceback")}),
        ("Times", {"fields": ("received", "occurred", "due", "finished")}),
        ("As received", {"fields": ("shown_headers", "raw_body")}),
    )
    readonly_fields = (
        *("received", "occurred", "due", "finished", "tries_made"),
        *("shown_headers", "raw_body", "shown_traceback"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboxEvent]:
        """The body is large and only one event's page shows it."""
        rows: QuerySet[InboxEvent] = super().get_queryset(request)
        return rows.defer("traceback", "headers")

    @admin.display(description="Event", ordering="kind")
    def event(self, event: InboxEvent) -> SafeString:
        """The kind, and below it as much of the id as tells it from the others."""
        return format_html(
            '{}<span class="oc-second">{}</span>',
            shortened(event.kind, 40) or "no kind",
            shortened_middle(event.event_id, 24),
        )

    @admin.display(description="Tries", ordering="attempts")
    def tries(self, event: InboxEvent) -> int:
        return event.attempts

    @admin.display(description="Tries made")
    def tries_made(self, event: InboxEvent) -> str:
        """Counted from the start, so one that went through at once shows one."""
        return f"{event.attempts} of at most {len(INBOX_LADDER_SECONDS) + 1} in this round"

    @admin.display(description="Why")
    def why(self, event: InboxEvent) -> str:
        return shortened(event.last_error or event.reason) or "—"

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

    @admin.action(description="Replay the selected events", permissions=["act"])
    def replay(self, request: HttpRequest, queryset: QuerySet[InboxEvent]) -> None:
        actor = operator_of(request)
        act_on_each(self, request, queryset, lambda one: event_replay(one, actor=actor), REPLAYED)

    @admin.action(description="Give up the selected dead events", permissions=["act"])
    def give_up(
        self, request: HttpRequest, queryset: QuerySet[InboxEvent]
    ) -> TemplateResponse | None:
        """Asks first, since what the events told is then never taken over."""
        asked = confirmation(
            self, request, queryset, action="give_up", state=InboxState.DEAD, words=GIVEN_UP
        )
        if asked is None:
            actor = operator_of(request)
            act_on_each(
                self, request, queryset, lambda one: event_discard(one, actor=actor), GIVEN_UP
            )
        return asked


def _readable(raw: bytes) -> str:
    """JSON indented, else the text; bytes that are no text are shown escaped."""
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except ValueError:
        return raw.decode("utf-8", errors="backslashreplace")
