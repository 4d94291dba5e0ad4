"""Streams in the console: how far each is, how it is done, and what it may be told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from crm.console import ModelAdmin, moment_column, shortened, state_column
from integrations.hub.admin import stream_acts
from integrations.hub.admin.answers import Words, act_on_each, operator_of
from integrations.hub.admin.linked import linked_of, with_linked
from integrations.hub.errors import HubError
from integrations.hub.models import SyncState, SyncStatus
from integrations.hub.sync.holds import stream_switch
from integrations.hub.sync.reconciling import reconcile_ask, repair_ask
from integrations.hub.sync.steering import (
    CONFIGURABLE,
    by_operator,
    seconds_behind,
    stream_check,
    stream_configure,
    stream_sync_now,
    their_delete_choices,
)

TONES = {SyncStatus.IDLE: "success", SyncStatus.SYNCING: "primary", SyncStatus.ERROR: "danger"}
NOW = Words("stream", "streams", "due now; a worker pulls within seconds.")
FULL = Words("stream", "streams", "due for a full listing; what is in step stays as it is.")
COMPARED = Words("stream", "streams", "being compared; the coverage tells the outcome.")
OFF = Words("stream", "streams", "switched off: nothing is read or sent.")
ON = Words("stream", "streams", "switched on: what was missed is read and sent.")


class StreamForm(forms.ModelForm[SyncState]):
    """How a stream is kept in step, checked before it is saved."""

    class Meta:
        model = SyncState
        fields = CONFIGURABLE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policy = self.fields.get("on_their_delete")
        # Who may only look has no fields.
        if isinstance(policy, forms.ChoiceField):
            offered = their_delete_choices(self.instance)
            policy.choices = [(one.value, one.label) for one in offered]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                stream_check(self.instance, values)
            except HubError as refusal:
                raise ValidationError(str(refusal)) from refusal
        return values


@admin.register(SyncState)
class SyncStateAdmin(ModelAdmin):
    """How far each stream is; its pauses, direction and policies are changed here."""

    form = StreamForm
    list_display = (
        *("named", "shown_status", "stage", "direction", "is_enabled", "behind", "coverage_share"),
        *("linked", "why"),
    )
    shown_status = staticmethod(state_column(TONES, "status", "Status"))
    pulled = staticmethod(moment_column("last_sync_at", "Last run ended"))
    listed = staticmethod(moment_column("last_full_at", "Last full listing"))
    due = staticmethod(moment_column("next_run_at", "Next run"))
    list_filter = ("status", "stage", "direction", "is_enabled", "connection__provider")
    search_fields = ("connection__name", "object")
    list_select_related = ("connection",)
    ordering = ("connection__name", "order")
    actions = (
        *("sync_now", "sync_full", "rewind", "compare", "repair", "go_on"),
        *("switch_off", "switch_on"),
    )
    fieldsets = (
        (None, {"fields": ("connection", "object", "status", "stage", "hold_reason")}),
        ("How it is kept in step", {"fields": CONFIGURABLE}),
        ("How far it is", {"fields": ("pulled", "listed", "due", "behind", "coverage")}),
        ("Trouble", {"fields": ("error_count", "last_error")}),
    )
    readonly_fields = (
        *("connection", "object", "status", "stage", "hold_reason", "pulled", "listed", "due"),
        *("behind", "coverage", "error_count", "last_error"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A provider's streams come with the connection."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: SyncState, form: Any, change: bool) -> None:
        """Through the service, which remembers who changed what."""
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        stream_configure(
            SyncState.objects.select_related("connection").get(pk=obj.pk),
            values=values,
            origin=by_operator(operator_of(request)),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncState]:
        """With the count of links in the same query, for the list."""
        rows: QuerySet[SyncState] = super().get_queryset(request)
        return with_linked(rows)

    @admin.display(description="Linked records")
    def linked(self, state: SyncState) -> int:
        """How many are linked now: what the stream keeps in step."""
        return linked_of(state)

    @admin.display(description="Stream", ordering="connection__name")
    def named(self, state: SyncState) -> str:
        return f"{state.connection}: {state.object}"

    @admin.display(description="Behind")
    def behind(self, state: SyncState) -> str:
        """How old the time is up to which all is here."""
        seconds = seconds_behind(state)
        return "—" if seconds is None else str(timedelta(seconds=int(seconds)))

    @admin.display(description="Coverage")
    def coverage_share(self, state: SyncState) -> str:
        share = state.coverage.get("percent")
        return "—" if share is None else f"{share} %"

    @admin.display(description="Why")
    def why(self, state: SyncState) -> str:
        return shortened(state.hold_reason or state.last_error) or "—"

    @admin.action(description="Sync the selected streams now", permissions=["change"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[SyncState]) -> None:
        origin = by_operator(operator_of(request))
        act_on_each(self, request, queryset, lambda one: stream_sync_now(one, origin=origin), NOW)

    @admin.action(
        description="Read everything of the selected streams and compare", permissions=["change"]
    )
    def sync_full(self, request: HttpRequest, queryset: QuerySet[SyncState]) -> None:
        origin = by_operator(operator_of(request))
        act_on_each(
            self,
            request,
            queryset,
            lambda one: stream_sync_now(one, origin=origin, is_full=True),
            FULL,
        )

    @admin.action(
        description="Read the selected streams again from an earlier time", permissions=["change"]
    )
    def rewind(
        self, request: HttpRequest, queryset: QuerySet[SyncState]
    ) -> TemplateResponse | None:
        return stream_acts.rewind(self, request, queryset)

    @admin.action(
        description="Compare the selected streams with the vendor", permissions=["change"]
    )
    def compare(self, request: HttpRequest, queryset: QuerySet[SyncState]) -> None:
        actor = operator_of(request)
        act_on_each(self, request, queryset, lambda one: reconcile_ask(one, actor=actor), COMPARED)

    @admin.action(
        description="Compare the selected streams, and mend what is missing or differs",
        permissions=["change"],
    )
    def repair(self, request: HttpRequest, queryset: QuerySet[SyncState]) -> None:
        actor = operator_of(request)
        act_on_each(self, request, queryset, lambda one: repair_ask(one, actor=actor), COMPARED)

    @admin.action(
        description="Let the selected streams that stopped to ask go on", permissions=["change"]
    )
    def go_on(self, request: HttpRequest, queryset: QuerySet[SyncState]) -> TemplateResponse | None:
        return stream_acts.go_on(self, request, queryset)

    @admin.action(description="Switch the selected streams off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[SyncState]) -> None:
        self._switch(request, queryset, is_enabled=False)

    @admin.action(description="Switch the selected streams on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[SyncState]) -> None:
        self._switch(request, queryset, is_enabled=True)

    def _switch(self, request: HttpRequest, rows: QuerySet[SyncState], *, is_enabled: bool) -> None:
        origin = by_operator(operator_of(request))
        act_on_each(
            self,
            request,
            rows,
            lambda one: stream_switch(one, is_enabled=is_enabled, origin=origin),
            ON if is_enabled else OFF,
        )
