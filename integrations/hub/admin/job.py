"""Outbound work with each of its tries; dead jobs are replayed or given up from here."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from crm.console import ReadOnlyAdmin, ReadOnlyInline, preformatted
from integrations.hub.admin.answers import act_on_each, operator_of
from integrations.hub.jobs.replay import job_discard, job_replay
from integrations.hub.models import Attempt, SyncJob, WriteIntent


class AttemptInline(ReadOnlyInline):
    """Every try of the job, the newest last."""

    model = Attempt
    ordering = ("number",)
    fields = (
        *("number", "started_at", "outcome", "code", "status_code", "message"),
        *("duration_ms", "is_counted"),
    )


@admin.register(SyncJob)
class SyncJobAdmin(ReadOnlyAdmin):
    """What is to be done at vendors."""

    list_display = (
        *("id", "connection", "kind", "intent_kind", "record_type", "record_id", "state"),
        *("reason", "attempts", "run_at", "last_error_code"),
    )
    list_filter = ("state", "kind", "reason", "connection__provider", "connection")
    search_fields = ("=record_id", "=uid", "last_error")
    list_select_related = ("connection", "intent")
    ordering = ("-id",)
    actions = ("retry", "give_up")
    inlines = (AttemptInline,)
    exclude = ("lane", "coalesce_key", "sort_at", "head_start_seconds", "lease_token")

    @admin.display(description="Command")
    def intent_kind(self, job: SyncJob) -> str:
        return job.intent.kind if job.intent else "—"

    @admin.action(description="Retry the selected dead jobs")
    def retry(self, request: HttpRequest, queryset: QuerySet[SyncJob]) -> None:
        actor = operator_of(request)
        done = "queued again, with all retries."
        act_on_each(self, request, queryset, lambda one: job_replay(one, actor=actor), done)

    @admin.action(description="Give up the selected dead jobs")
    def give_up(self, request: HttpRequest, queryset: QuerySet[SyncJob]) -> None:
        actor = operator_of(request)
        done = "given up; they stay listed."
        act_on_each(self, request, queryset, lambda one: job_discard(one, actor=actor), done)


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """One try with what was sent and answered, secrets removed."""

    list_display = ("started_at", "job", "number", "outcome", "status_code", "duration_ms")
    list_filter = ("outcome", "status_code", "job__connection")
    search_fields = ("=job__id", "message")
    list_select_related = ("job",)
    ordering = ("-id",)
    exclude = ("exchanges",)
    readonly_fields = ("shown_exchanges",)

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
