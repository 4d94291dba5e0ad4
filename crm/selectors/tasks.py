"""Reads tasks."""

from __future__ import annotations

from django.db.models import F, QuerySet

from crm.choices import TaskStatus
from crm.models import Task, Workspace


def tasks_of(workspace: Workspace) -> QuerySet[Task]:
    """All, archived ones too, with what a page shows of each."""
    return Task.objects.filter(workspace=workspace).select_related(
        "assigned_to", "owner", "contact", "lead", "account", "deal"
    )


def tasks_open(workspace: Workspace) -> QuerySet[Task]:
    """Those to do, what is due first on top and what is never due last."""
    rows = tasks_of(workspace).filter(status=TaskStatus.OPEN, archived_at=None)
    return rows.order_by(F("due_at").asc(nulls_last=True), "id")
