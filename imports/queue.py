"""Asks the queue to work on a job; the job's row is the truth, so a lost or doubled task is
harmless."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django_q.tasks import async_task

from imports.models import ImportJob

WORK_TASK = "imports.tasks.work"


def work_ask(job_id: int) -> None:
    async_task(WORK_TASK, job_id, task_name=f"import {job_id}")


def work_ask_on_commit(job: ImportJob) -> None:
    """A request that is lost costs at most a minute: the sweep finds the job."""
    transaction.on_commit(partial(work_ask, job.pk), robust=True)
