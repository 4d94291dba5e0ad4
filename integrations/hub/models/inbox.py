"""Inbound work: events as received, their raw bodies apart, and the facts already applied."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from integrations.hub.models.connection import Connection


class InboxBody(models.Model):
    """The raw bytes of one web-hook call; kept apart so that they can expire before the event."""

    raw = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "inbox bodies"

    def __str__(self) -> str:
        return f"Body {self.pk}"


class InboxState(models.TextChoices):
    RECEIVED = "received", "Received"
    LEASED = "leased", "Running"
    DONE = "done", "Done"
    IGNORED = "ignored", "Ignored"
    DEAD = "dead", "Dead"
    DISCARDED = "discarded", "Given up"


class InboxEvent(models.Model):
    """One event a vendor told us of; the row is the work item, so nothing is kept unqueued.

    An event without an id of the vendor's own (`is_hint`) is compared with unprocessed ones only,
    since the same hint later on means a new change.
    """

    provider = models.CharField(max_length=40)
    # No constraint in the database: its check would write-lock the connection's row at each
    # web-hook. The index on connection and state serves look-ups.
    connection = models.ForeignKey(
        Connection,
        models.CASCADE,
        related_name="inbox_events",
        db_constraint=False,
        db_index=False,
    )
    event_id = models.CharField(max_length=255)
    is_hint = models.BooleanField(default=False, db_default=False)
    kind = models.CharField(max_length=150, blank=True)
    subject = models.CharField(max_length=255, blank=True, default="", db_default="")
    lane = models.BigIntegerField(null=True, blank=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    headers = models.JSONField(default=dict, db_default={}, blank=True)
    body = models.ForeignKey(
        InboxBody,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="events",
        db_constraint=False,
    )
    state = models.CharField(
        max_length=10, choices=InboxState, default=InboxState.RECEIVED, db_default="received"
    )
    reason = models.CharField(max_length=250, blank=True, default="", db_default="")
    run_at = models.DateTimeField(db_default=Now())
    claims = models.PositiveIntegerField(default=0, db_default=0)
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    generation = models.PositiveIntegerField(default=1, db_default=1)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="", db_default="")
    traceback = models.TextField(blank=True, default="", db_default="")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "event_id"),
                condition=Q(is_hint=False),
                name="inbox_event_once",
            ),
            models.UniqueConstraint(
                fields=("connection", "event_id"),
                condition=Q(is_hint=True, state__in=("received", "leased")),
                name="inbox_hint_once",
            ),
            models.UniqueConstraint(
                fields=("lane",), condition=Q(state="leased"), name="inbox_one_leased"
            ),
        )
        indexes = (
            models.Index(
                "connection", "run_at", "id", condition=Q(state="received"), name="inbox_received"
            ),
            models.Index(
                "lane", "id", condition=Q(state="received", lane__isnull=False), name="inbox_lane"
            ),
            models.Index(F("lease_until"), condition=Q(state="leased"), name="inbox_leased"),
            models.Index(fields=("connection", "state", "-id"), name="inbox_state"),
        )

    def __str__(self) -> str:
        return f"{self.kind or 'event'} {self.event_id}"


class AppliedFact(models.Model):
    """A fact that has landed in the CRM; written in the same transaction."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+")
    key = models.CharField(max_length=300)
    applied_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "key"), name="fact_once"),
            models.CheckConstraint(condition=~Q(key=""), name="fact_has_a_key"),
        )

    def __str__(self) -> str:
        return self.key


class WebhookRefusal(models.Model):
    """How many web-hook calls of a connection were refused on one day, and why."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="refusals")
    reason = models.CharField(max_length=150)
    day = models.DateField()
    count = models.PositiveBigIntegerField(default=1)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "reason", "day"), name="refusal_counted_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.count} refused: {self.reason}"
