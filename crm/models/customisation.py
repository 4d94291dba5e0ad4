"""What a workspace shapes for itself: its own fields, saved views and the points of rules."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.choices import FieldKind
from crm.models.access import User, Workspace


class CustomField(models.Model):
    """A field a workspace adds to a record type; its values live in the record's `custom`."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="custom_fields")
    record_type = models.CharField(max_length=30)
    key = models.SlugField(max_length=50)
    label = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=FieldKind, default=FieldKind.TEXT)
    choices = models.JSONField(default=list, blank=True)
    is_required = models.BooleanField(default=False)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "record_type", "key"), name="custom_field_unique"
            ),
        )
        ordering = ("record_type", "order", "id")

    def __str__(self) -> str:
        return self.label


class SavedView(models.Model):
    """A list's filters, columns and order under a name."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="saved_views")
    user = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    record_type = models.CharField(max_length=30)
    name = models.CharField(max_length=100)
    filters = models.JSONField(default=dict, blank=True)
    columns = models.JSONField(default=list, blank=True)
    sort = models.CharField(max_length=60, blank=True)
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "user", "record_type", "name"), name="saved_view_unique"
            ),
        )
        ordering = ("record_type", "name")

    def __str__(self) -> str:
        return self.name


class RulePoints(models.Model):
    """How many points a named rule moves; a row without workspace is the default for all."""

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, null=True, blank=True, related_name="rule_points"
    )
    rule = models.CharField(max_length=60)
    points = models.SmallIntegerField()
    is_enabled = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "rule"),
                condition=Q(workspace__isnull=False),
                name="rule_points_unique_in_workspace",
            ),
            models.UniqueConstraint(
                fields=("rule",),
                condition=Q(workspace__isnull=True),
                name="rule_points_unique_default",
            ),
            models.CheckConstraint(
                condition=Q(points__gte=-100, points__lte=100), name="rule_points_within_100"
            ),
        )
        ordering = ("rule",)
        verbose_name_plural = "rule points"

    def __str__(self) -> str:
        return f"{self.rule}: {self.points:+d}"
