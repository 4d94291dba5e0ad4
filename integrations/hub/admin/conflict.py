"""Conflicts in the console: both values, and the two ways to decide."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from crm.console import ReadOnlyAdmin, moment_column, preformatted, shortened, state_column
from integrations.hub.admin.answers import Words, act_on_each, operator_of
from integrations.hub.conflicts import conflict_resolve
from integrations.hub.merge import Side
from integrations.hub.models import ConflictState, SyncConflict

TONES = {
    ConflictState.OPEN: "warning",
    ConflictState.DECIDED: "info",
    ConflictState.RESOLVED: "success",
    ConflictState.SETTLED: "",
    ConflictState.LEFT: "warning",
}
DECIDED = Words("conflict", "conflicts", "decided; carried out within seconds.")


@admin.register(SyncConflict)
class SyncConflictAdmin(ReadOnlyAdmin):
    """A field that both sides changed; the loser's value is kept here."""

    seen = staticmethod(moment_column("created_at", "Seen"))
    ours_changed = staticmethod(moment_column("ours_at", "Changed here"))
    theirs_changed = staticmethod(moment_column("theirs_at", "Changed there"))
    ended = staticmethod(moment_column("resolved_at", "Decided"))
    shown_state = staticmethod(state_column(TONES))

    list_display = (
        *("seen", "shown_state", "connection", "record", "field", "our_value", "their_value"),
        *("rule", "winner"),
    )
    list_filter = ("state", "rule", "winner", "is_in_doubt", "connection__provider", "connection")
    search_fields = ("field", "=local_id", "=link__external_id", "connection__name")
    list_select_related = ("connection",)
    ordering = ("-id",)
    actions = ("keep_ours", "take_theirs")
    fieldsets = (
        (None, {"fields": ("connection", "record", "field", "state", "rule", "winner")}),
        ("Values", {"fields": ("shown_ours", "shown_theirs", "shown_base", "is_in_doubt")}),
        ("Times", {"fields": ("seen", "ours_changed", "theirs_changed", "ended", "resolved_by")}),
    )
    readonly_fields = (
        *("record", "shown_ours", "shown_theirs", "shown_base"),
        *("seen", "ours_changed", "theirs_changed", "ended"),
    )

    @admin.display(description="Record")
    def record(self, conflict: SyncConflict) -> str:
        return f"{conflict.record_type} {conflict.local_id}"

    @admin.display(description="Ours")
    def our_value(self, conflict: SyncConflict) -> str:
        return shortened(str(conflict.ours), 40)

    @admin.display(description="Theirs")
    def their_value(self, conflict: SyncConflict) -> str:
        return shortened(str(conflict.theirs), 40)

    @admin.display(description="Ours")
    def shown_ours(self, conflict: SyncConflict) -> SafeString:
        return preformatted(conflict.ours)

    @admin.display(description="Theirs")
    def shown_theirs(self, conflict: SyncConflict) -> SafeString:
        return preformatted(conflict.theirs)

    @admin.display(description="What both said before")
    def shown_base(self, conflict: SyncConflict) -> SafeString:
        return preformatted(conflict.base)

    @admin.action(description="Keep ours for the selected conflicts", permissions=["act"])
    def keep_ours(self, request: HttpRequest, queryset: QuerySet[SyncConflict]) -> None:
        self._decide(request, queryset, Side.OURS)

    @admin.action(description="Take theirs for the selected conflicts", permissions=["act"])
    def take_theirs(self, request: HttpRequest, queryset: QuerySet[SyncConflict]) -> None:
        self._decide(request, queryset, Side.THEIRS)

    def _decide(self, request: HttpRequest, queryset: QuerySet[SyncConflict], winner: Side) -> None:
        actor = operator_of(request)
        act_on_each(
            self,
            request,
            queryset,
            lambda one: conflict_resolve(one, winner=winner, actor=actor),
            DECIDED,
        )
