"""The sync log, whose runs can be undone from here, and the events that have landed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from crm.console import ReadOnlyAdmin, moment_column, state_column
from integrations.hub.admin.answers import CONFIRMED, Words, act_on_each, operator_of
from integrations.hub.models import AppliedFact, RunStatus, SyncRun
from integrations.hub.undo_words import (
    NOTHING,
    undo_begin,
    undo_outlook,
    undo_refusal,
    undo_told,
)

TONES = {
    RunStatus.SUCCESS: "success",
    RunStatus.RUNNING: "primary",
    RunStatus.PARTIAL: "warning",
    RunStatus.HELD: "warning",
    RunStatus.CANCELLED: "",
    RunStatus.FAILED: "danger",
}
UNDONE = Words("run", "runs", "being undone; the stream waits until somebody lets it go on.")
# What each would take back is looked at before the operator is asked.
UNDONE_AT_ONCE = 10


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """What each stretch of work did."""

    begun = staticmethod(moment_column("started_at", "Begun"))
    shown_status = staticmethod(state_column(TONES, "status", "Result"))
    list_display = (
        *("begun", "shown_status", "connection", "kind", "object", "total", "synced", "failed"),
        *("skipped", "duration_ms", "undone"),
    )
    list_filter = ("kind", "status", "connection__provider", "connection")
    search_fields = ("connection__name", "error")
    list_select_related = ("connection",)
    ordering = ("-id",)
    readonly_fields = ("undone",)
    actions = ("undo",)
    change_form_outer_before_template = "admin/run_undo.html"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With the way to undo the run, or why there is none."""
        run = self.get_object(request, object_id)
        shown = {"undo_refusal": undo_refusal(run)} if run is not None else {}
        response: HttpResponse = super().change_view(
            request, object_id, form_url, {**shown, **(extra_context or {})}
        )
        return response

    @admin.display(description="Undo")
    def undone(self, run: SyncRun) -> str:
        return undo_told(run) or "—"

    @admin.action(description="Undo the selected runs", permissions=["act"])
    def undo(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> TemplateResponse | None:
        """Shows first what would be taken back, and asks."""
        runs = queryset.select_related("connection__workspace").order_by("-id")
        if runs.count() > UNDONE_AT_ONCE:
            words = f"Choose at most {UNDONE_AT_ONCE} runs: what each would take back is shown."
            self.message_user(request, words, messages.ERROR)
            return None
        if CONFIRMED not in request.POST:
            return self._undo_asked(request, runs)
        actor = operator_of(request)
        act_on_each(self, request, runs, lambda one: undo_begin(one, actor=actor), UNDONE)
        return None

    def _undo_asked(self, request: HttpRequest, runs: QuerySet[SyncRun]) -> TemplateResponse:
        refused = [(run, words) for run in runs if (words := undo_refusal(run))]
        left = {run.pk for run, _ in refused}
        asked = [(run, undo_outlook(run)) for run in runs if run.pk not in left]
        context = {
            **self.admin_site.each_context(request),
            "title": "Undo what these runs wrote?",
            "opts": self.model._meta,
            "asked": [(run, outlook) for run, outlook in asked if not outlook.is_empty],
            "refused": [*refused, *((run, NOTHING) for run, one in asked if one.is_empty)],
            "checkbox": helpers.ACTION_CHECKBOX_NAME,
            "confirmed": CONFIRMED,
        }
        return TemplateResponse(request, "admin/undo_runs.html", context)


@admin.register(AppliedFact)
class AppliedFactAdmin(ReadOnlyAdmin):
    """Events that have landed; each lands once."""

    list_display = ("applied_at", "connection", "key")
    list_filter = ("connection__provider",)
    search_fields = ("key",)
    list_select_related = ("connection",)
    ordering = ("-id",)
    show_full_result_count = False
