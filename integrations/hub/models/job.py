"""Outbound work: jobs with lanes and leases, what each try did, and commands' intents."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from integrations.hub.models.connection import Connection
from integrations.hub.models.link import SyncRecord


class IntentOutcome(models.TextChoices):
    UNKNOWN = "unknown", "Not known yet"
    APPLIED = "applied", "Applied"
    REFUSED = "refused", "Refused"


class WriteIntent(models.Model):
    """What we are about to do at the vendor, committed before the first call.

    `uid` is the root of the idempotency keys and stays while the outcome is unknown; `key` is the
    domain's own name of the act, so that the same act is intended once. `body` never changes.
    The sync's own intents (`kind` sync or make) belong to a `link`, or to a record that has none
    yet; `looked_at` is when one of unknown outcome was looked for and not found.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="intents")
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    record_type = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    body = models.JSONField()
    link = models.ForeignKey(
        SyncRecord, models.CASCADE, null=True, blank=True, related_name="intents"
    )
    looked_at = models.DateTimeField(null=True, blank=True)
    progress = models.JSONField(
        default=dict, db_default={}, blank=True, help_text="What finished steps gave, by step."
    )
    outcome = models.CharField(
        max_length=8,
        choices=IntentOutcome,
        default=IntentOutcome.UNKNOWN,
        db_default=IntentOutcome.UNKNOWN,
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "key"), name="intent_key_once"),
        )
        indexes = (
            models.Index(fields=("record_type", "record_id"), name="intent_record"),
            models.Index(
                fields=("link",),
                condition=Q(outcome="unknown", link__isnull=False),
                name="intent_unknown_of_link",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class JobKind(models.TextChoices):
    PUSH = "push", "Send a record"
    INBOUND = "inbound", "Take a record over"
    PULL_ROW = "pull_row", "Take a pulled row over"
    CREATE = "create", "Create"
    DELETE = "delete", "Delete"
    COMMAND = "command", "Command"


class JobState(models.TextChoices):
    READY = "ready", "Waiting"
    LEASED = "leased", "Running"
    DONE = "done", "Done"
    SUPERSEDED = "superseded", "Superseded"
    DEAD = "dead", "Dead"
    DISCARDED = "discarded", "Given up"


class SyncJob(models.Model):
    """One piece of outbound work.

    Each index is written twice in a job's life: there are no more than are asked.

    One job of a lane runs at a time. Of a lane's level-triggered jobs one waits at a time
    (`coalesce_key` empty); each command waits for itself (its intent's uid).
    """

    uid = models.UUIDField(default=uuid.uuid4)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="jobs", db_index=False)
    kind = models.CharField(max_length=10, choices=JobKind)
    lane = models.BigIntegerField()
    coalesce_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    record_type = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    # Of work on a thing of the vendor's that may have no record here yet (then `record_id` is 0).
    object = models.CharField(max_length=60, blank=True, default="", db_default="")
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    intent = models.ForeignKey(
        WriteIntent, models.CASCADE, null=True, blank=True, related_name="jobs", db_index=False
    )
    state = models.CharField(
        max_length=10, choices=JobState, default=JobState.READY, db_default=JobState.READY
    )
    run_at = models.DateTimeField(db_default=Now())
    sort_at = models.DateTimeField(db_default=Now())
    head_start_seconds = models.IntegerField(default=0, db_default=0)
    claims = models.PositiveIntegerField(default=0, db_default=0)
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    generation = models.PositiveIntegerField(default=1, db_default=1)
    # Second lives after an outage and after a permission was granted: neither uses up the other.
    revivals = models.PositiveIntegerField(default=0, db_default=0)
    permission_revivals = models.PositiveIntegerField(default=0, db_default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=40, blank=True, default="", db_default="")
    last_error = models.TextField(blank=True, default="", db_default="")
    last_error_code = models.CharField(max_length=40, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("lane", "coalesce_key"), condition=Q(state="ready"), name="one_ready"
            ),
            models.UniqueConstraint(
                fields=("lane",), condition=Q(state="leased"), name="one_leased"
            ),
        )
        indexes = (
            models.Index(
                "connection", "sort_at", "id", condition=Q(state="ready"), name="job_ready"
            ),
            models.Index(F("lease_until"), condition=Q(state="leased"), name="job_leased"),
            models.Index(fields=("connection", "state", "-id"), name="job_state"),
            models.Index(fields=("record_type", "record_id"), name="job_record"),
            models.Index(fields=("intent",), condition=Q(intent__isnull=False), name="job_intent"),
        )

    def __str__(self) -> str:
        if self.kind == JobKind.INBOUND:
            # There may be no record of ours yet.
            return f"{self.get_kind_display()} {self.object} {self.external_id}"
        return f"{self.get_kind_display()} {self.record_type} {self.record_id}"


class Attempt(models.Model):
    """One try of a job: what was sent and answered (redacted, cut), and how it ended."""

    # Its index is that of the constraint.
    job = models.ForeignKey(SyncJob, models.CASCADE, related_name="attempt_rows", db_index=False)
    number = models.PositiveIntegerField(help_text="Over the job's whole life, from 1.")
    generation = models.PositiveIntegerField()
    is_counted = models.BooleanField(help_text="Whether it used up one of the retries.")
    outcome = models.CharField(max_length=20)
    code = models.CharField(max_length=40, blank=True, default="")
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    message = models.TextField(blank=True, default="")
    request_digest = models.CharField(max_length=64, blank=True, default="")
    exchanges = models.JSONField(default=list, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    duration_ms = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("job", "number"), name="attempt_number_once"),
        )

    def __str__(self) -> str:
        return f"Attempt {self.number}: {self.outcome}"
