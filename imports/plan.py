"""The rehearsal: the whole file through the engine of the real run, written nowhere in the CRM."""

from __future__ import annotations

from django.db.models.functions import Now

from imports.choices import ImportStatus, Phase
from imports.chunks import BUDGET_SECONDS, Worked, cursor_to_start, work
from imports.engine import Engine
from imports.models import ImportJob
from imports.problems import problems_store
from imports.reading import Chunk
from imports.rehearsal import RehearsalStore
from imports.results import plan_add
from imports.setting import engine_for


class _Rehearsal:
    """The steps of a rehearsal."""

    def is_wanted(self, job: ImportJob) -> bool:
        return job.status == ImportStatus.VALIDATING

    def engine(self, job: ImportJob) -> Engine:
        return engine_for(job, RehearsalStore(job))

    def write(self, job: ImportJob, engine: Engine, chunk: Chunk) -> None:
        decisions = engine.decide(chunk.incoming)
        RehearsalStore(job).save(decisions)
        problems_store(job, Phase.PLAN, decisions.problems)
        plan_add(job.plan, decisions)

    def finish(self, job: ImportJob) -> None:
        job.plan["rows"] = job.rows_processed
        job.plan["seconds"] = round(job.worked_seconds, 2)
        job.plan["rows_per_second"] = job.rows_per_second
        job.rows_total = job.rows_processed
        job.status = ImportStatus.READY
        job.error = ""
        cursor_to_start(job)
        job.save()

    def fail(self, job: ImportJob, message: str) -> None:
        job.status = ImportStatus.FAILED
        job.error = message[:500]
        job.finished_at = Now()
        job.save()


def plan_work(job_id: int, *, budget_seconds: float = BUDGET_SECONDS) -> Worked:
    """One slice of the rehearsal; may be run twice at once or again, to the same end."""
    return work(job_id, _Rehearsal(), budget_seconds=budget_seconds)
