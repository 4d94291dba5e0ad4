"""The real run: the engine's decisions, written by services in the transaction of the cursor."""

from __future__ import annotations

from collections import Counter

from django.db import DataError, IntegrityError, transaction
from django.db.models.functions import Now

from crm.choices import OriginKind
from crm.services.errors import ServiceError
from crm.services.origin import Origin
from imports.choices import ErrorPolicy, ImportStatus, Phase, ProblemKind
from imports.chunks import BUDGET_SECONDS, Worked, work
from imports.engine import REPEATED, Action, Decisions, Engine
from imports.errors import ImportStopped
from imports.formats import Row
from imports.mapping import Incoming, Problem
from imports.matching import LiveStore
from imports.models import ImportJob
from imports.problems import problems_store
from imports.reading import Chunk
from imports.setting import engine_for
from imports.writing import decisions_write

KEPT = frozenset({ProblemKind.ERROR, ProblemKind.AMBIGUOUS})


class _Run:
    """The steps of a real run."""

    def is_wanted(self, job: ImportJob) -> bool:
        return job.status == ImportStatus.IMPORTING

    def engine(self, job: ImportJob) -> Engine:
        return engine_for(job, LiveStore(job.workspace_id))

    def write(self, job: ImportJob, engine: Engine, chunk: Chunk) -> None:
        self._write(job, engine, chunk.rows, chunk.incoming)

    def _write(
        self, job: ImportJob, engine: Engine, rows: list[Row], incoming: list[Incoming]
    ) -> None:
        """Write the rows together, or where the database refuses them, each half for itself."""
        try:
            with transaction.atomic():
                decisions = engine.decide(incoming, repeated=_repeated(job, rows))
                _obey(job, decisions)
                written = decisions_write(decisions, workspace=job.workspace, origin=origin_of(job))
        except (DataError, IntegrityError, ServiceError) as error:
            if len(rows) == 1:
                _set_aside(job, rows[0], error)
                return
            middle = len(rows) // 2
            for half in (rows[:middle], rows[middle:]):
                self._write(job, engine, half, engine.mapped(half))
            return
        _count(job, decisions.counts + Counter(written))
        told = [problem for problem in decisions.problems if problem.kind in KEPT]
        problems_store(job, Phase.RUN, told)

    def finish(self, job: ImportJob) -> None:
        job.status = ImportStatus.COMPLETED
        job.rows_total = job.rows_processed
        job.finished_at = Now()
        job.heartbeat_at = Now()
        job.save()

    def fail(self, job: ImportJob, message: str) -> None:
        job.status = ImportStatus.FAILED
        job.error = message[:500]
        job.finished_at = Now()
        job.save()


def run_work(job_id: int, *, budget_seconds: float = BUDGET_SECONDS) -> Worked:
    """One slice of the run; may be run twice at once or again, to the same end."""
    return work(job_id, _Run(), budget_seconds=budget_seconds)


def origin_of(job: ImportJob) -> Origin:
    """How the ledger names what this import wrote; its undo finds it by this."""
    return Origin(OriginKind.IMPORT, str(job.pk), job.user, job.file_name[:250])


def _repeated(job: ImportJob, rows: list[Row]) -> frozenset[int]:
    """Rows of which the check saw that an earlier one, perhaps of another chunk, is the same."""
    if not job.plan.get("counts", {}).get(Action.FOLDED):
        return frozenset()
    told = job.problems.filter(
        phase=Phase.PLAN, cause=REPEATED, row_number__range=(rows[0].number, rows[-1].number)
    )
    return frozenset(told.values_list("row_number", flat=True))


def _obey(job: ImportJob, decisions: Decisions) -> None:
    if job.error_policy != ErrorPolicy.STOP:
        return
    error = next((one for one in decisions.problems if one.kind is ProblemKind.ERROR), None)
    if error is not None:
        raise ImportStopped(f"Stopped at row {error.row}: {error.message} Rows before it are kept.")


def _set_aside(job: ImportJob, row: Row, error: Exception) -> None:
    """One bad item is set aside with its reason; the stream goes on."""
    said = str(error) if isinstance(error, ServiceError) else "The database refused the row."
    if job.error_policy == ErrorPolicy.STOP:
        raise ImportStopped(f"Stopped at row {row.number}: {said} Rows before it are kept.")
    problem = Problem(ProblemKind.ERROR, row.number, row.line, "", "refused", said[:300], row.cells)
    _count(job, Counter({Action.FAILED.value: 1}))
    problems_store(job, Phase.RUN, [problem])


def _count(job: ImportJob, counts: Counter[str]) -> None:
    for name, count in counts.items():
        setattr(job, name, getattr(job, name) + count)
