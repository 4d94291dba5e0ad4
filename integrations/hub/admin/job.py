"""Outbound work with each of its tries; dead jobs are replayed or given up from here."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from crm.console import (
    ReadOnlyAdmin,
    ReadOnlyInline,
    moment_column,
    preformatted,
    shortened,
    state_column,
)
from integrations.hub.admin.answers import Words, act_on_each, confirmation, operator_of
from integrations.hub.admin.tries import retries_in_words, tries_in_words, tries_of, with_tries
from integrations.hub.jobs.replay import job_discard, job_replay
from integrations.hub.models import Attempt, JobKind, JobState, SyncJob, WriteIntent
from integrations.hub.words import WAITS

TONES = {
    JobState.READY: "info",
    JobState.LEASED: "primary",
    JobState.DONE: "success",
    JobState.SUPERSEDED: "",
    JobState.DEAD: "danger",
    JobState.DISCARDED: "warning",
}


RETRIED = Words("job", "jobs", "queued again, with all retries; tried within seconds.")
GIVEN_UP = Words("job", "jobs", "given up, with your name; still listed.")


class AttemptInline(ReadOnlyInline):
    """Every try of the job, the newest last."""

    model = Attempt
    ordering = ("number",)
    fields = (
        *("number", "begun", "outcome", "code", "status_code", "message", "duration_ms"),
        "is_counted",
    )
    readonly_fields = ("begun",)
    begun = staticmethod(moment_column("started_at", "Begun"))


@admin.register(SyncJob)
class SyncJobAdmin(ReadOnlyAdmin):
    """What is to be done at vendors."""

    created = staticmethod(moment_column("created_at", "Created"))
    due = staticmethod(moment_column("run_at", "Due"))
    finished = staticmethod(moment_column("finished_at", "Finished"))
    held_until = staticmethod(moment_column("lease_until", "Held by a worker until"))
    shown_state = staticmethod(state_column(TONES))

    list_display = ("named", "shown_state", "what", "connection", "tries", "due", "why")
    list_filter = ("state", "kind", "reason", "connection__provider", "connection")
    search_fields = ("=id", "=record_id", "=uid", "last_error")
    list_select_related = ("connection", "intent")
    ordering = ("-id",)
    actions = ("retry", "give_up")
    inlines = (AttemptInline,)
    change_form_outer_before_template = "admin/dead_row.html"
    dead_words = "This job is dead: no machine tries it again. Mend the cause first, then retry."
    again_action = "retry"
    again_label = "Retry now"
    fieldsets = (
        (None, {"fields": ("connection", "what", "state", "stated_reason", "last_error")}),
        (
            "Tries",
            {
                "fields": (
                    *("tries_made", "retries_used", "last_error_code"),
                    *("revivals", "permission_revivals"),
                )
            },
        ),
        ("Times", {"fields": ("created", "due", "finished", "held_until")}),
        ("Identity", {"fields": ("uid", "intent", "generation", "claims")}),
    )
    readonly_fields = (
        *("what", "tries_made", "retries_used", "created", "due", "finished", "held_until"),
        "stated_reason",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncJob]:
        rows: QuerySet[SyncJob] = super().get_queryset(request)
        return with_tries(rows)

    @admin.display(description="Job", ordering="id")
    def named(self, job: SyncJob) -> str:
        return f"Job {job.pk}"

    @admin.display(description="What")
    def what(self, job: SyncJob) -> str:
        done = job.intent.kind if job.intent else job.get_kind_display()
        if job.kind == JobKind.INBOUND:
            # There may be no record of ours yet.
            return f"{done}: {job.object} {job.external_id}"
        return f"{done}: {job.record_type} {job.record_id}"

    @admin.display(description="Tries")
    def tries(self, job: SyncJob) -> int:
        return tries_of(job)

    @admin.display(description="Tries made")
    def tries_made(self, job: SyncJob) -> str:
        return tries_in_words(job)

    @admin.display(description="Retries used")
    def retries_used(self, job: SyncJob) -> str:
        return retries_in_words(job)

    @admin.display(description="Reason")
    def stated_reason(self, job: SyncJob) -> str:
        return WAITS.get(job.reason, job.reason) or "—"

    @admin.display(description="Why")
    def why(self, job: SyncJob) -> str:
        return shortened(job.last_error or WAITS.get(job.reason, job.reason)) or "—"

    @admin.action(description="Retry the selected dead jobs", permissions=["act"])
    def retry(self, request: HttpRequest, queryset: QuerySet[SyncJob]) -> None:
        actor = operator_of(request)
        act_on_each(self, request, queryset, lambda one: job_replay(one, actor=actor), RETRIED)

    @admin.action(description="Give up the selected dead jobs", permissions=["act"])
    def give_up(self, request: HttpRequest, queryset: QuerySet[SyncJob]) -> TemplateResponse | None:
        """Asks first, since what the jobs should have done then never happens."""
        asked = confirmation(
            self, request, queryset, action="give_up", state=JobState.DEAD, words=GIVEN_UP
        )
        if asked is None:
            actor = operator_of(request)
            act_on_each(
                self, request, queryset, lambda one: job_discard(one, actor=actor), GIVEN_UP
            )
        return asked


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """One try with what was sent and answered, secrets removed."""

    begun = staticmethod(moment_column("started_at", "Begun"))
    list_display = ("begun", "job", "number", "outcome", "status_code", "duration_ms")
    list_filter = ("outcome", "status_code", "job__connection")
    search_fields = ("=job__id", "message")
    list_select_related = ("job",)
    ordering = ("-id",)
    exclude = ("exchanges", "started_at")
    readonly_fields = ("begun", "shown_exchanges")

    @admin.display(description="Requests and answers")
    def shown_exchanges(self, attempt: Attempt) -> SafeString:
        return preformatted(attempt.exchanges)


@admin.register(WriteIntent)
class WriteIntentAdmin(ReadOnlyAdmin):
    """What was about to be done; its uid is the root of the idempotency keys."""

    list_display = ("created_at", "connection", "kind", "key", "record_type", "outcome")
    list_filter = ("outcome", "kind", "connection")
    search_fields = ("=key", "=uid", "=record_id")
    list_select_related = ("connection",)
    ordering = ("-id",)
    exclude = ("body", "progress")
    readonly_fields = ("shown_body", "shown_progress")

    @admin.display(description="Body (never changes)")
    def shown_body(self, intent: WriteIntent) -> SafeString:
        return preformatted(intent.body)

    @admin.display(description="Progress")
    def shown_progress(self, intent: WriteIntent) -> SafeString:
        return preformatted(intent.progress)
