"""Reads alerts."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.choices import AlertStatus
from crm.models import Alert, Workspace


def alerts_of(workspace: Workspace) -> QuerySet[Alert]:
    """All, resolved ones too, those raised last first."""
    rows = Alert.objects.filter(workspace=workspace).select_related("account", "assigned_to")
    return rows.order_by("-last_raised_at", "-id")


def alerts_unresolved(workspace: Workspace) -> QuerySet[Alert]:
    return alerts_of(workspace).exclude(status=AlertStatus.RESOLVED)
