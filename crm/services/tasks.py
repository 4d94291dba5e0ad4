"""Writes tasks; `completed_at` follows the status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.choices import TaskStatus
from crm.models import Task, Workspace
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin
from crm.services.records import record_archive, record_create, record_restore, record_update
from crm.services.refusals import constraint_name


def task_create(
    *, workspace: Workspace, values: Mapping[str, Any], origin: Origin, source_key: str = ""
) -> Task:
    """Create a task; one with a `source_key` is made once, and the present one returned then."""
    if source_key and (present := _task_made(workspace, source_key)):
        return present
    values = {**_with_completion(values), **({"source_key": source_key} if source_key else {})}
    try:
        return record_create(Task, workspace=workspace, values=values, origin=origin)
    except InvalidRecord as error:
        made = _task_made(workspace, source_key) if _is_made_twice(error) else None
        if made is None:
            raise
        return made


@transaction.atomic
def task_update(
    task: Task,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Task:
    return record_update(
        task,
        values=_with_completion(values, task),
        origin=origin,
        expected_version=expected_version,
    )


def task_complete(task: Task, *, origin: Origin) -> Task:
    return task_update(task, values={"status": TaskStatus.DONE}, origin=origin)


def task_reopen(task: Task, *, origin: Origin) -> Task:
    return task_update(task, values={"status": TaskStatus.OPEN}, origin=origin)


def task_archive(task: Task, *, origin: Origin) -> Task:
    return record_archive(task, origin=origin)


def task_restore(task: Task, *, origin: Origin) -> Task:
    return record_restore(task, origin=origin)


def _with_completion(values: Mapping[str, Any], task: Task | None = None) -> dict[str, Any]:
    status = values.get("status")
    if status is None:
        return dict(values)
    if status != TaskStatus.DONE:
        return {**values, "completed_at": None}
    already = task.completed_at if task else None
    return {**values, "completed_at": already or timezone.now()}


def _task_made(workspace: Workspace, source_key: str) -> Task | None:
    return Task.objects.filter(workspace=workspace, source_key=source_key).first()


def _is_made_twice(error: InvalidRecord) -> bool:
    cause = error.__cause__
    return isinstance(cause, IntegrityError) and constraint_name(cause) == "task_made_once"
