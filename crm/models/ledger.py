"""The ledger: one row for every write to a core record, in the same transaction."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from crm.choices import ChangeAction, OriginKind
from crm.models.access import User, Workspace


class Change(models.Model):
    """What was written to one record, by whom and because of what.

    `diff` is `{field: [old, new]}` in JSON values (decimals and times as text, links as ids).
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    record_type = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    action = models.CharField(max_length=10, choices=ChangeAction)
    diff = models.JSONField(default=dict)
    origin_kind = models.CharField(max_length=12, choices=OriginKind)
    origin_id = models.CharField(max_length=150, blank=True, default="", db_default="")
    reason = models.CharField(max_length=250, blank=True, default="", db_default="")
    actor = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (
            models.Index(
                fields=("workspace", "record_type", "record_id", "-id"), name="change_record"
            ),
            models.Index(fields=("workspace", "origin_kind", "origin_id"), name="change_origin"),
            models.Index(fields=("workspace", "-id"), name="change_recent"),
        )

    def __str__(self) -> str:
        return f"{self.record_type} {self.record_id} {self.action}"
