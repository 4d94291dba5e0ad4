"""A file on its way out of the CRM."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from crm.models import User, Workspace
from imports.choices import ExportFormat, ExportStatus


def exported_path(job: ExportJob, name: str) -> str:
    return f"exports/{uuid.uuid4().hex}.{job.format}"


class ExportJob(models.Model):
    """An export of the records a filter names; its file expires."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    user = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="who"
    )
    object = models.CharField(max_length=20)
    filter = models.JSONField(default=dict, blank=True)
    fields = models.JSONField(default=list, blank=True)
    format = models.CharField(max_length=5, choices=ExportFormat, default=ExportFormat.CSV)
    status = models.CharField(max_length=10, choices=ExportStatus, default=ExportStatus.PENDING)
    error = models.CharField(max_length=500, blank=True)
    count = models.PositiveBigIntegerField(default=0)
    file = models.FileField(upload_to=exported_path, max_length=200, blank=True)
    file_size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(status__in=ExportStatus.values), name="export_status_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(status=ExportStatus.COMPLETED) | ~models.Q(file=""),
                name="export_completed_has_file",
            ),
        )
        indexes = (models.Index(fields=("workspace", "-created_at", "-id"), name="export_recent"),)

    def __str__(self) -> str:
        return f"{self.object} as {self.format} ({self.get_status_display()})"
