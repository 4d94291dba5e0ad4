"""What the queue runs: one slice of work on a job, and the sweep for jobs nobody works on."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.db.models.functions import Now

from crm.trace import new_context_id, within_context
from imports.choices import ImportStatus, UndoState
from imports.chunks import BUDGET_SECONDS, LEASE_SECONDS
from imports.failing import job_give_up
from imports.models import ImportJob
from imports.plan import plan_work
from imports.queue import work_ask
from imports.rehearsal import rehearsals_prune
from imports.run import run_work
from imports.undo import undo_work

logger = logging.getLogger(__name__)


def work(job_id: int, budget_seconds: float = BUDGET_SECONDS) -> None:
    """One slice of whatever the job's state asks for; asks for the next while there is more."""
    with within_context(new_context_id("import")):
        _work(job_id, budget_seconds)


def _work(job_id: int, budget_seconds: float) -> None:
    try:
        has_more = _slice(job_id, budget_seconds)
    except (OperationalError, InterfaceError):
        raise  # The database is away: the sweep asks again, and nothing half-written is kept.
    except Exception as error:
        logger.exception("import %s stopped", job_id)
        job_give_up(job_id, f"{type(error).__name__} in the worker; the log has the details.")
        return
    if has_more:
        work_ask(job_id)


def sweep() -> int:
    """Ask again for jobs at work that no worker has touched for a while, how many; and tidy up."""
    silent = Q(heartbeat_at__isnull=True) | Q(
        heartbeat_at__lt=Now() - timedelta(seconds=LEASE_SECONDS)
    )
    at_work = Q(status__in=(ImportStatus.VALIDATING, ImportStatus.IMPORTING)) | Q(
        undo_state=UndoState.RUNNING
    )
    orphans = list(ImportJob.objects.filter(at_work & silent).values_list("pk", flat=True))
    for job_id in orphans:
        work_ask(job_id)
    rehearsals_prune()
    return len(orphans)


def _slice(job_id: int, budget_seconds: float) -> bool:
    job = ImportJob.objects.filter(pk=job_id).only("status", "undo_state").first()
    if job is None:
        return False
    if job.undo_state == UndoState.RUNNING:
        return undo_work(job_id, budget_seconds=budget_seconds)
    if job.status == ImportStatus.VALIDATING:
        return plan_work(job_id, budget_seconds=budget_seconds).has_more
    if job.status == ImportStatus.IMPORTING:
        return run_work(job_id, budget_seconds=budget_seconds).has_more
    return False
