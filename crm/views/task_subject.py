"""What a task is about, and where that is."""

from __future__ import annotations

from django.urls import reverse

from crm.models import OwnedRecord, Task


def task_subject(task: Task) -> OwnedRecord | None:
    """The nearest record the task names; rows must come with those links joined."""
    return task.deal or task.lead or task.contact or task.account


def record_path(record: OwnedRecord) -> str:
    """The address of a record's own page, by its type."""
    return reverse(f"crm:{record._meta.model_name}_detail", args=[record.pk])
