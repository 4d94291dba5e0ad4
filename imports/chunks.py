"""The loop that rehearsal and real run share: chunk by chunk, each one transaction with its cursor.

Killed anywhere, it goes on at the cursor of the last committed chunk, and nothing is doubled: the
job's row is locked and its cursor compared in the transaction that writes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Protocol

from django.db import connection, transaction
from django.db.models.functions import Now

from crm.collector import collector_resting
from imports.engine import Engine
from imports.errors import ImportStopped, UnreadableFile
from imports.formats import Cursor
from imports.models import ImportJob
from imports.reading import Chunk, ahead, chunks_of, cursor_of, file_open
from integrations.hub import leases
from integrations.hub.faults import fault

BUDGET_SECONDS: Final = 25.0
LEASE_SECONDS: Final = 30.0
MAX_STARTS: Final = 5


class Steps(Protocol):
    """What a phase does with the loop."""

    def is_wanted(self, job: ImportJob) -> bool: ...

    def engine(self, job: ImportJob) -> Engine: ...

    def write(self, job: ImportJob, engine: Engine, chunk: Chunk) -> None: ...

    def finish(self, job: ImportJob) -> None: ...

    def fail(self, job: ImportJob, message: str) -> None: ...


@dataclass(frozen=True)
class Worked:
    """What one slice did; `has_more` asks for another."""

    rows: int
    has_more: bool


def work(job_id: int, steps: Steps, *, budget_seconds: float = BUDGET_SECONDS) -> Worked:
    """Work on the job until it ends or the budget is spent; idle while another process does."""
    deadline = time.monotonic() + budget_seconds
    lease = leases.take(f"import:{job_id}", LEASE_SECONDS)
    if lease is None:
        return Worked(0, has_more=False)
    try:
        job = _begin(job_id, steps)
        if job is None:
            return Worked(0, has_more=False)
        with collector_resting():
            return _slice(job, steps, lease, deadline)
    finally:
        leases.release(lease)


def _begin(job_id: int, steps: Steps) -> ImportJob | None:
    """Count the start before the first row, so that a file that kills its worker is seen."""
    with transaction.atomic():
        job = _lock(job_id)
        if job is None or not steps.is_wanted(job):
            return None
        if job.starts >= MAX_STARTS:
            said = f"The worker stopped {MAX_STARTS} times at row {job.cursor_row}."
            steps.fail(job, f"{said} The rows before it are kept.")
            return None
        job.starts += 1
        job.heartbeat_at = Now()
        job.save(update_fields=["starts", "heartbeat_at"])
        return job


def _slice(job: ImportJob, steps: Steps, lease: leases.Lease, deadline: float) -> Worked:
    done = 0
    try:
        engine = steps.engine(job)
    except ImportStopped as error:
        _fail(job.pk, steps, str(error))
        return Worked(done, has_more=_is_superseded(job))
    with file_open(job) as file, closing(ahead(chunks_of(job, file, engine.mapped))) as chunks:
        while True:
            try:
                written = _chunk_write(job, steps, engine, chunks)
            except (UnreadableFile, ImportStopped) as error:
                _fail(job.pk, steps, str(error))
                written = 0
            if not written:
                return Worked(done, has_more=_is_superseded(job))
            done += written
            fault("import.after_chunk")
            if time.monotonic() >= deadline:
                return Worked(done, has_more=True)
            leases.renew(lease, LEASE_SECONDS)


def _chunk_write(job: ImportJob, steps: Steps, engine: Engine, chunks: Iterator[Chunk]) -> int:
    """How many rows; none at the end, or when the job is another's or not wanted any more."""
    began, chunk = time.monotonic(), next(chunks)
    with transaction.atomic():
        locked = _locked(job, chunk.before)
        if locked is None or not steps.is_wanted(locked):
            return 0
        if not chunk.rows:
            steps.finish(locked)
            return 0
        _commit_lazily()
        steps.write(locked, engine, chunk)
        _advance(locked, chunk, time.monotonic() - began)
        fault("import.before_commit")
    return len(chunk.rows)


def _commit_lazily() -> None:
    """Do not wait for the disk: what a crash of the server loses, it loses with its cursor.

    The last commit of a job waits, and with it all that were written before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


def cursor_to_start(job: ImportJob) -> None:
    """The first row below the header; the caller saves."""
    job.cursor_offset, job.cursor_line, job.cursor_row = job.data_offset, job.data_line, 2
    job.rows_processed, job.worked_seconds, job.starts = 0, 0.0, 0


def _locked(job: ImportJob, before: Cursor) -> ImportJob | None:
    """The job's row, locked; None when another process has moved it on."""
    locked = _lock(job.pk)
    if locked is None or locked.generation != job.generation or cursor_of(locked) != before:
        return None
    return locked


def _lock(job_id: int) -> ImportJob | None:
    jobs = ImportJob.objects.select_for_update(of=("self",)).select_related("workspace", "user")
    return jobs.filter(pk=job_id).first()


def _is_superseded(job: ImportJob) -> bool:
    """Whether the job was begun anew meanwhile; who was asked to work on that found us here."""
    return ImportJob.objects.filter(pk=job.pk, generation__gt=job.generation).exists()


def _advance(job: ImportJob, chunk: Chunk, seconds: float) -> None:
    job.cursor_offset, job.cursor_line, job.cursor_row = chunk.after
    job.rows_processed += len(chunk.rows)
    job.worked_seconds += seconds
    job.starts = 0
    job.heartbeat_at = Now()
    job.save()


def _fail(job_id: int, steps: Steps, message: str) -> None:
    with transaction.atomic():
        job = ImportJob.objects.select_for_update().get(pk=job_id)
        if steps.is_wanted(job):
            steps.fail(job, message)
