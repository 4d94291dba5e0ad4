"""What every core record has: workspace, owner, tags, custom fields, times and a version."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from crm.models.access import User, Workspace


class Record(models.Model):
    """A row written by crm.services only; `version` rises by one with every write."""

    # Indexes that begin with the workspace serve it; one of its own would only slow writes.
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        abstract = True


class OwnedRecord(Record):
    """A record a person owns, tags and archives; archived records leave every list."""

    owner = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="owner"
    )
    tags = ArrayField(models.CharField(max_length=60), default=list, db_default=[], blank=True)
    custom = models.JSONField(default=dict, db_default={}, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None
