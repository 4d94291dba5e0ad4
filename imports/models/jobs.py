"""One file on its way into the CRM: from upload through mapping and rehearsal to the last row."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from crm.models import User, Workspace
from imports.choices import (
    DateOrder,
    DuplicateStrategy,
    ErrorPolicy,
    ImportObject,
    ImportStatus,
    UndoState,
)

STALLED_AFTER_SECONDS = 120


def stored_path(job: ImportJob, name: str) -> str:
    """Where an uploaded file lies in the storage: not guessable, nothing of its own name."""
    return f"imports/{uuid.uuid4().hex}.csv"


class ImportJob(models.Model):
    """An import of one file; the cursor and the counts move in the transaction of each chunk.

    `cursor_*` say where the next row starts in the stored file, in the phase that runs now.
    `generation` rises with every new rehearsal or run, so that a late worker of an older one stops.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    user = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="who"
    )
    object = models.CharField(max_length=20, choices=ImportObject, default=ImportObject.CONTACT)
    status = models.CharField(max_length=12, choices=ImportStatus, default=ImportStatus.PENDING)
    error = models.CharField(max_length=500, blank=True)
    owner = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="owner of new records",
    )

    file = models.FileField(upload_to=stored_path, max_length=200)
    file_name = models.CharField(max_length=255)
    file_size = models.PositiveBigIntegerField(default=0)
    file_sha256 = models.CharField(max_length=64, blank=True)
    file_deleted_at = models.DateTimeField(null=True, blank=True)
    encoding = models.CharField(max_length=40, default="utf-8")
    delimiter = models.CharField(max_length=1, default=",")
    data_offset = models.PositiveBigIntegerField(default=0)
    data_line = models.PositiveBigIntegerField(default=2)

    mapping = models.JSONField(default=list, blank=True)
    template = models.CharField(max_length=100, blank=True)
    duplicate_strategy = models.CharField(
        max_length=12, choices=DuplicateStrategy, default=DuplicateStrategy.UPDATE
    )
    error_policy = models.CharField(
        max_length=10, choices=ErrorPolicy, default=ErrorPolicy.CONTINUE
    )
    date_order = models.CharField(
        max_length=3, choices=DateOrder, blank=True, default=DateOrder.UNKNOWN
    )

    generation = models.PositiveIntegerField(default=0)
    cursor_offset = models.PositiveBigIntegerField(default=0)
    cursor_line = models.PositiveBigIntegerField(default=0)
    cursor_row = models.PositiveBigIntegerField(default=0)
    starts = models.PositiveSmallIntegerField(
        default=0, help_text="Slices begun since the last committed chunk."
    )
    rows_total = models.PositiveBigIntegerField(null=True, blank=True)
    rows_processed = models.PositiveBigIntegerField(default=0)
    created = models.PositiveBigIntegerField(default=0)
    updated = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    folded = models.PositiveBigIntegerField(
        default=0, help_text="Rows about a person whom an earlier row of the file wrote."
    )
    skipped = models.PositiveBigIntegerField(default=0)
    ambiguous = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    accounts_created = models.PositiveBigIntegerField(default=0)
    accounts_updated = models.PositiveBigIntegerField(default=0)

    plan = models.JSONField(default=dict, blank=True)
    undo_state = models.CharField(
        max_length=10, choices=UndoState, blank=True, default=UndoState.NONE
    )
    undo_report = models.JSONField(default=dict, blank=True)

    created_at = models.DateTimeField(db_default=Now(), editable=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    worked_seconds = models.FloatField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(status__in=ImportStatus.values), name="import_status_known"
            ),
        )
        indexes = (
            models.Index(fields=("workspace", "-created_at", "-id"), name="import_recent"),
            models.Index(
                fields=("created_at",),
                condition=models.Q(file_deleted_at__isnull=True),
                name="import_file_kept",
            ),
            models.Index(
                fields=("heartbeat_at",),
                condition=models.Q(status__in=("validating", "importing"))
                | models.Q(undo_state="running"),
                name="import_at_work",
            ),
        )

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_status_display()})"

    @property
    def is_at_work(self) -> bool:
        """Whether a worker has something to do for this job now."""
        return (
            self.status in {ImportStatus.VALIDATING, ImportStatus.IMPORTING}
            or self.undo_state == UndoState.RUNNING
        )

    @property
    def not_imported(self) -> int:
        return self.failed + self.ambiguous

    @property
    def same(self) -> int:
        """Rows that changed nothing."""
        return self.unchanged + self.skipped

    @property
    def without_change(self) -> int:
        """Rows that neither made nor updated a contact by themselves."""
        return self.folded + self.same

    @property
    def rows_per_second(self) -> int:
        return round(self.rows_processed / self.worked_seconds) if self.worked_seconds else 0
