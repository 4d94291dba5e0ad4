"""What the hub remembers of a connection's records: links, cursors and the log of runs."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from integrations.hub.models.connection import Connection


class SyncDirection(models.TextChoices):
    PULL = "pull", "From the vendor"
    PUSH = "push", "To the vendor"
    BOTH = "both", "Both ways"


class SyncStatus(models.TextChoices):
    IDLE = "idle", "Idle"
    SYNCING = "syncing", "Syncing"
    ERROR = "error", "Error"


class SyncState(models.Model):
    """How far one kind of remote object is read and sent on one connection."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="sync_states")
    object = models.CharField(max_length=60)
    direction = models.CharField(max_length=4, choices=SyncDirection, default=SyncDirection.BOTH)
    is_enabled = models.BooleanField(default=True)
    cursor = models.JSONField(null=True, blank=True)
    run_cursor = models.JSONField(null=True, blank=True)
    overlap_seconds = models.PositiveIntegerField(default=120)
    interval_seconds = models.PositiveIntegerField(default=300)
    last_sync_at = models.DateTimeField(null=True, blank=True)
    records_synced = models.PositiveBigIntegerField(default=0, db_default=0)
    error_count = models.PositiveIntegerField(default=0, db_default=0)
    status = models.CharField(max_length=8, choices=SyncStatus, default=SyncStatus.IDLE)
    coverage = models.JSONField(default=dict, db_default={}, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "object"), name="syncstate_once"),
        )

    def __str__(self) -> str:
        return f"{self.object} of {self.connection}"


class LinkState(models.TextChoices):
    ACTIVE = "active", "Active"
    TOMBSTONE = "tombstone", "Gone"
    QUARANTINED = "quarantined", "Set aside"


class SyncRecord(models.Model):
    """The link between one record of ours and one thing at the vendor.

    Both sides' last agreed values are kept, since a vendor may normalise what it was sent.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="sync_records")
    object = models.CharField(max_length=60, help_text="The vendor's word for the thing.")
    record_type = models.CharField(max_length=30)
    local_id = models.BigIntegerField()
    external_id = models.CharField(max_length=255)
    base_ours = models.JSONField(default=dict, db_default={}, blank=True)
    base_theirs = models.JSONField(default=dict, db_default={}, blank=True)
    hash_ours = models.CharField(max_length=64, blank=True, default="", db_default="")
    hash_theirs = models.CharField(max_length=64, blank=True, default="", db_default="")
    remote_version = models.CharField(max_length=100, blank=True, default="", db_default="")
    folded_at = models.DateTimeField(null=True, blank=True)
    mapping_version = models.PositiveIntegerField(default=0, db_default=0)
    state = models.CharField(
        max_length=12, choices=LinkState, default=LinkState.ACTIVE, db_default=LinkState.ACTIVE
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "object", "external_id"), name="syncrecord_external_once"
            ),
            models.UniqueConstraint(
                fields=("connection", "object", "local_id"), name="syncrecord_local_once"
            ),
        )
        indexes = (models.Index(fields=("record_type", "local_id"), name="syncrecord_record"),)

    def __str__(self) -> str:
        return f"{self.object} {self.external_id}"


class RunKind(models.TextChoices):
    PULL = "pull", "Pull"
    PUSH = "push", "Push"
    FULL = "full", "Full sync"
    RECONCILE = "reconcile", "Reconcile"
    COMMAND = "command", "Commands"
    INBOX = "inbox", "Events received"
    TEST = "test", "Connection test"


class RunStatus(models.TextChoices):
    SUCCESS = "success", "Success"
    PARTIAL = "partial", "Partly failed"
    FAILED = "failed", "Failed"


class SyncRun(models.Model):
    """One line of the sync log: what one stretch of work on a connection did."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="sync_runs")
    kind = models.CharField(max_length=10, choices=RunKind)
    object = models.CharField(max_length=60, blank=True, default="", db_default="")
    status = models.CharField(max_length=8, choices=RunStatus)
    total = models.PositiveIntegerField(default=0, db_default=0)
    synced = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0)
    skipped = models.PositiveIntegerField(default=0, db_default=0)
    error = models.TextField(blank=True, default="", db_default="")
    started_at = models.DateTimeField(db_default=Now())
    duration_ms = models.PositiveIntegerField(default=0, db_default=0)
    cursor_before = models.JSONField(null=True, blank=True)
    cursor_after = models.JSONField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=("connection", "-id"), name="syncrun_connection"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_status_display().lower()}"
