"""What the hub remembers of a connection's streams: how far they are, and the log of their runs."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from crm.models import User
from integrations.hub.models.connection import Connection


class SyncDirection(models.TextChoices):
    PULL = "pull", "From the vendor"
    PUSH = "push", "To the vendor"
    BOTH = "both", "Both ways"


class SyncStatus(models.TextChoices):
    IDLE = "idle", "Idle"
    SYNCING = "syncing", "Syncing"
    ERROR = "error", "Error"


class SyncStage(models.TextChoices):
    """Nothing is written on either side before a person has seen what it would be."""

    NEW = "new", "Not looked at yet"
    REHEARSING = "rehearsing", "Rehearsing"
    REHEARSED = "rehearsed", "Waiting for a decision"
    LIVE = "live", "Live"


class TheirDelete(models.TextChoices):
    """What becomes of our record when theirs is gone."""

    UNLINK = "unlink", "Keep ours, without a link"
    ARCHIVE = "archive", "Archive ours"
    RECREATE = "recreate", "Make theirs again"


class OurDelete(models.TextChoices):
    """What becomes of their record when ours is archived."""

    LEAVE = "leave", "Leave theirs"
    DELETE = "delete", "Delete theirs"


class SyncState(models.Model):
    """How far one kind of remote object is read and sent on one connection, and how it is done.

    `cursor` is the time up to which all is stored; `run_cursor` where the run at hand goes on
    (`{"run": id, "since": …, "page": …, "newest": …}`). A stream with a `hold_reason` waits for a
    person. `generation` counts full listings; `mapping_version` the edits of the mapping.
    `offered_paths` are our fields of the provider's default rows that the connection was made with
    or was offered since, so that nobody is asked twice about one.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="sync_states")
    object = models.CharField(max_length=60)
    record_type = models.CharField(max_length=30, blank=True, default="", db_default="")
    order = models.PositiveSmallIntegerField(default=0, db_default=0)
    direction = models.CharField(max_length=4, choices=SyncDirection, default=SyncDirection.BOTH)
    is_enabled = models.BooleanField(default=True, db_default=True)
    stage = models.CharField(
        max_length=10, choices=SyncStage, default=SyncStage.NEW, db_default=SyncStage.NEW
    )
    cursor = models.JSONField(null=True, blank=True)
    run_cursor = models.JSONField(null=True, blank=True)
    is_full_wanted = models.BooleanField(default=True, db_default=True)
    overlap_seconds = models.PositiveIntegerField(default=120)
    interval_seconds = models.PositiveIntegerField(default=300, help_text="The present pause.")
    shortest_interval_seconds = models.PositiveIntegerField(default=300, db_default=300)
    longest_interval_seconds = models.PositiveIntegerField(default=900, db_default=900)
    full_interval_seconds = models.PositiveIntegerField(default=86400, db_default=86400)
    next_run_at = models.DateTimeField(null=True, blank=True)
    next_full_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    on_their_delete = models.CharField(
        max_length=10,
        choices=TheirDelete,
        default=TheirDelete.UNLINK,
        db_default=TheirDelete.UNLINK,
    )
    on_our_delete = models.CharField(
        max_length=10, choices=OurDelete, default=OurDelete.LEAVE, db_default=OurDelete.LEAVE
    )
    mapping_version = models.PositiveIntegerField(default=1, db_default=1)
    offered_paths = ArrayField(
        models.CharField(max_length=120), default=list, db_default=[], blank=True
    )
    generation = models.PositiveIntegerField(default=0, db_default=0)
    hold_reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    is_guard_waived = models.BooleanField(
        default=False, db_default=False, help_text="The next run may change as much as it likes."
    )
    # The last such leave: what was asked for before it began was let through, what was done before
    # it ended counts no more.
    let_through_at = models.DateTimeField(null=True, blank=True, editable=False)
    let_through_until = models.DateTimeField(null=True, blank=True, editable=False)
    last_sync_at = models.DateTimeField(null=True, blank=True)
    last_full_at = models.DateTimeField(null=True, blank=True)
    records_synced = models.PositiveBigIntegerField(default=0, db_default=0)
    error_count = models.PositiveIntegerField(default=0, db_default=0)
    last_error = models.TextField(blank=True, default="", db_default="")
    status = models.CharField(
        max_length=8, choices=SyncStatus, default=SyncStatus.IDLE, db_default=SyncStatus.IDLE
    )
    coverage = models.JSONField(default=dict, db_default={}, blank=True)
    accepted_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "object"), name="syncstate_once"),
        )
        indexes = (
            models.Index(F("next_run_at"), condition=Q(is_enabled=True), name="syncstate_due"),
        )
        ordering = ("connection", "order", "id")

    def __str__(self) -> str:
        return f"{self.object} of {self.connection}"

    @property
    def is_pulled(self) -> bool:
        return self.direction != SyncDirection.PUSH

    @property
    def is_pushed(self) -> bool:
        return self.direction != SyncDirection.PULL

    @property
    def is_live(self) -> bool:
        return self.is_enabled and self.stage == SyncStage.LIVE and not self.hold_reason


class RunKind(models.TextChoices):
    PULL = "pull", "Pull"
    PUSH = "push", "Push"
    FULL = "full", "Full sync"
    RECONCILE = "reconcile", "Reconcile"
    REHEARSAL = "rehearsal", "Rehearsal"
    COMMAND = "command", "Commands"
    INBOX = "inbox", "Events received"
    TEST = "test", "Connection test"


class RunStatus(models.TextChoices):
    RUNNING = "running", "Running"
    SUCCESS = "success", "Success"
    PARTIAL = "partial", "Partly failed"
    FAILED = "failed", "Failed"
    HELD = "held", "Stopped to ask"
    CANCELLED = "cancelled", "Cancelled"


class SyncRun(models.Model):
    """One line of the sync log: what one stretch of work on a connection did.

    `details` holds what a rehearsal or a reconcile found: counts and samples; of a pump's line,
    how many of its records are counted in their streams' lines too.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="sync_runs")
    kind = models.CharField(max_length=10, choices=RunKind)
    object = models.CharField(max_length=60, blank=True, default="", db_default="")
    status = models.CharField(max_length=9, choices=RunStatus)
    total = models.PositiveIntegerField(default=0, db_default=0)
    synced = models.PositiveIntegerField(default=0, db_default=0)
    created = models.PositiveIntegerField(default=0, db_default=0)
    updated = models.PositiveIntegerField(default=0, db_default=0)
    deleted = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0)
    skipped = models.PositiveIntegerField(default=0, db_default=0)
    requests = models.PositiveIntegerField(default=0, db_default=0)
    error = models.TextField(blank=True, default="", db_default="")
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(default=0, db_default=0)
    cursor_before = models.JSONField(null=True, blank=True)
    cursor_after = models.JSONField(null=True, blank=True)
    details = models.JSONField(default=dict, db_default={}, blank=True)
    started_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=("connection", "-id"), name="syncrun_connection"),
            models.Index(fields=("connection", "object", "-id"), name="syncrun_object"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_status_display().lower()}"

    def get_status_display(self) -> str:
        """In words; a comparison has not failed when it finds a difference."""
        if self.kind == RunKind.RECONCILE and self.status == RunStatus.PARTIAL:
            return "Differences found"
        return RunStatus(self.status).label


class QuarantinedItem(models.Model):
    """Something a stream could not take over or send: set aside with its reason, so that the rest
    goes on. Gone as soon as it succeeds.

    Known by `external_id` (theirs) or by `local_id` (ours, without a link yet).
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="quarantined")
    object = models.CharField(max_length=60)
    record_type = models.CharField(max_length=30, blank=True, default="", db_default="")
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    local_id = models.BigIntegerField(null=True, blank=True)
    code = models.CharField(max_length=40)
    message = models.TextField()
    fields = ArrayField(models.CharField(max_length=120), default=list, db_default=[], blank=True)
    tries = models.PositiveIntegerField(default=1, db_default=1)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "object", "external_id"),
                condition=~Q(external_id=""),
                name="quarantined_external_once",
            ),
            models.UniqueConstraint(
                fields=("connection", "object", "local_id"),
                condition=Q(external_id=""),
                name="quarantined_local_once",
            ),
        )
        indexes = (models.Index(fields=("connection", "-last_at"), name="quarantined_last"),)

    def __str__(self) -> str:
        return f"{self.object} {self.external_id or self.local_id}"
