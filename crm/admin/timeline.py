"""What happened: activities, mail, meetings and the ledger; written by machines, read here."""

from __future__ import annotations

from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from crm.console import ReadOnlyAdmin, ReadOnlyInline, moment_column, preformatted, shortened
from crm.models import Activity, Change, ClickedLink, EmailMessage, Meeting, MeetingAttendee

FIELDS_SHOWN = 40
ORIGIN_SHOWN = 48


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    """The ledger: every write with its origin."""

    begun = staticmethod(moment_column("at", "At"))
    list_display = ("begun", "record", "action", "written", "by", "actor", "workspace")
    list_filter = ("workspace", "record_type", "action", "origin_kind")
    search_fields = ("=record_id", "=origin_id", "reason")
    list_select_related = ("workspace", "actor")
    ordering = ("-id",)
    show_full_result_count = False
    fields = (
        *("at", "workspace", "record_type", "record_id", "action", "difference"),
        *("origin_kind", "origin_id", "reason", "actor"),
    )
    readonly_fields = ("difference",)

    @admin.display(description="Record", ordering="record_id")
    def record(self, change: Change) -> SafeString | str:
        """The way to the record, where the console has a page for its kind."""
        name = f"{change.record_type} {change.record_id}"
        try:
            page = reverse(f"admin:crm_{change.record_type}_change", args=[change.record_id])
        except NoReverseMatch:
            return name
        return format_html('<a href="{}">{}</a>', page, name)

    @admin.display(description="Fields")
    def written(self, change: Change) -> str:
        return shortened(", ".join(change.diff), FIELDS_SHOWN) or "—"

    @admin.display(description="Origin", ordering="origin_kind")
    def by(self, change: Change) -> str:
        kind = change.get_origin_kind_display()
        return shortened(f"{kind}: {change.reason}" if change.reason else kind, ORIGIN_SHOWN)

    @admin.display(description="Fields: old, new")
    def difference(self, change: Change) -> SafeString:
        return preformatted(change.diff)


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    """Lines of timelines."""

    list_display = ("occurred_at", "kind", "subject", "workspace", "account", "contact", "amount")
    list_filter = ("workspace", "kind", "direction")
    search_fields = ("subject", "=external_id")
    list_select_related = ("workspace", "account", "contact")
    date_hierarchy = "occurred_at"


class ClickedLinkInline(ReadOnlyInline):
    model = ClickedLink


@admin.register(EmailMessage)
class EmailMessageAdmin(ReadOnlyAdmin):
    """Mail: who wrote whom and what became of it. The text stays with the mailbox's people."""

    list_display = ("sent_at", "from_address", "subject", "workspace", "open_count", "bounce_type")
    list_filter = ("workspace", "bounce_type", "unsubscribed")
    search_fields = ("=message_id", "from_address", "subject")
    list_select_related = ("workspace",)
    exclude = ("text", "html", "snippet")
    inlines = (ClickedLinkInline,)


class AttendeeInline(ReadOnlyInline):
    model = MeetingAttendee


@admin.register(Meeting)
class MeetingAdmin(ReadOnlyAdmin):
    """Meetings with their attendees."""

    list_display = ("start", "title", "workspace", "owner", "outcome", "source")
    list_filter = ("workspace", "outcome", "all_day")
    search_fields = ("title", "=ical_uid")
    list_select_related = ("workspace", "owner")
    date_hierarchy = "start"
    inlines = (AttendeeInline,)
