"""Which record here is which thing there, why it is or is not in step, and what was set aside."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from crm.console import ReadOnlyAdmin, moment_column, preformatted, shortened, state_column
from crm.models import Record
from crm.services.origin import Origin
from integrations.hub.admin.answers import Words, act_on_each, operator_of
from integrations.hub.errors import Conflict
from integrations.hub.models import LinkState, QuarantinedItem, SyncRecord, SyncState
from integrations.hub.sync.explaining import Explanation, explain
from integrations.hub.sync.quarantine import is_shortened
from integrations.hub.sync.steering import by_operator, items_retry, links_retry, live_check

TONES = {
    LinkState.ACTIVE: "success",
    LinkState.TOMBSTONE: "",
    LinkState.QUARANTINED: "danger",
}
BACK = Words("pair", "pairs", "compared again; back in service if that goes well.")
RETRIED = Words("item", "items", "looked at again; each leaves the list when it goes through.")
TOO_LONG = (
    "Its id there is too long to ask for it by what is kept of it: it is looked at again "
    "when it is listed, or told of, the next time."
)
UNASKED = (
    "It cannot be asked for by itself: it comes again when it is changed there, if anything is "
    "taken over from there."
)


@admin.register(SyncRecord)
class SyncRecordAdmin(ReadOnlyAdmin):
    """Which record here is which thing there."""

    shown_state = staticmethod(state_column(TONES))
    compared = staticmethod(moment_column("folded_at", "Compared"))
    list_display = ("connection", "object", "external_id", "ours", "shown_state", "compared", "why")
    list_filter = ("state", "object", "connection__provider", "connection")
    search_fields = ("=external_id", "=local_id")
    list_select_related = ("connection",)
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("retry",)
    fieldsets = (
        (None, {"fields": ("connection", "object", "external_id", "ours", "state", "reason")}),
        ("Why it is or is not in step", {"fields": ("explained", "problems", "waits_for")}),
        ("What both sides agreed on", {"fields": ("shown_base_ours", "shown_base_theirs")}),
        ("Versions", {"fields": ("compared", "local_version", "remote_version", "flips")}),
    )
    readonly_fields = ("ours", "compared", "explained", "shown_base_ours", "shown_base_theirs")

    @admin.display(description="Our record", ordering="local_id")
    def ours(self, link: SyncRecord) -> str:
        return f"{link.record_type} {link.local_id}"

    @admin.display(description="Why")
    def why(self, link: SyncRecord) -> str:
        return shortened(link.reason or "; ".join(map(str, link.problems.values()))) or "—"

    @admin.display(description="In words")
    def explained(self, link: SyncRecord) -> SafeString | str:
        """Also of the other systems that keep this record: one of them may be the cause."""
        model: type[Record] = apps.get_model("crm", link.record_type)
        rows = model._default_manager.filter(
            pk=link.local_id, workspace_id=link.connection.workspace_id
        )
        record = rows.first()
        if record is None:
            return "Our record is gone."
        return format_html_join("", "<p>{}</p>", ((_line(one),) for one in explain(record)))

    @admin.display(description="Ours")
    def shown_base_ours(self, link: SyncRecord) -> SafeString:
        return preformatted(link.base_ours)

    @admin.display(description="Theirs")
    def shown_base_theirs(self, link: SyncRecord) -> SafeString:
        return preformatted(link.base_theirs)

    @admin.action(
        description="Take the selected pairs that were set aside back into service",
        permissions=["act"],
    )
    def retry(self, request: HttpRequest, queryset: QuerySet[SyncRecord]) -> None:
        origin = by_operator(operator_of(request))
        act_on_each(self, request, queryset, lambda one: links_retry([one], origin=origin), BACK)


@admin.register(QuarantinedItem)
class QuarantinedItemAdmin(ReadOnlyAdmin):
    """What a stream could not take over or send, with its reason; the rest went on."""

    last = staticmethod(moment_column("last_at", "Last tried"))
    list_display = ("named", "connection", "code", "tries", "last", "why")
    list_filter = ("code", "object", "connection__provider", "connection")
    search_fields = ("=external_id", "=local_id", "message")
    list_select_related = ("connection",)
    ordering = ("-last_at", "-id")
    actions = ("retry",)

    @admin.display(description="Item")
    def named(self, item: QuarantinedItem) -> str:
        if item.external_id:
            return f"{item.object} {item.external_id} (theirs)"
        return f"{item.record_type} {item.local_id} (ours)"

    @admin.display(description="Why")
    def why(self, item: QuarantinedItem) -> str:
        return shortened(item.message, 120)

    @admin.action(description="Look at the selected items again", permissions=["act"])
    def retry(self, request: HttpRequest, queryset: QuerySet[QuarantinedItem]) -> None:
        origin = by_operator(operator_of(request))
        act_on_each(self, request, queryset, lambda one: _item_retry(one, origin), RETRIED)


def _item_retry(item: QuarantinedItem, origin: Origin) -> None:
    state = SyncState.objects.filter(connection=item.connection_id, object=item.object).first()
    if state is not None:
        live_check(state)
    if not items_retry([item], origin=origin):
        raise Conflict(TOO_LONG if is_shortened(item.external_id) else UNASKED)


def _line(one: Explanation) -> SafeString:
    tries = ", ".join(
        f"{attempt.outcome} {attempt.status_code or ''}".strip() for attempt in one.attempts[:5]
    )
    said = f" Last tries, newest first: {tries}." if tries else ""
    verdict = one.verdict.value.replace("_", " ")
    return format_html("<strong>{}: {}.</strong> {}{}", one.state, verdict, one.words, said)
