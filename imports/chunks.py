"""The loop that rehearsal and real run share: chunk by chunk, each one transaction with its cursor.

Killed anywhere, it goes on at the cursor of the last committed chunk, and nothing is doubled: the
job's row is locked and its cursor compared in the transaction that writes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, Final, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from imports.engine import Engine
from imports.errors import ImportStopped, UnreadableFile
from imports.formats import CsvRows, Cursor, Row
from imports.models import ImportJob
from integrations.hub import leases
from integrations.hub.faults import fault

CHUNK_BYTES: Final = 8 * 1024 * 1024
BUDGET_SECONDS: Final = 25.0
LEASE_SECONDS: Final = 30.0
MAX_STARTS: Final = 5


class Steps(Protocol):
    """What a phase does with the loop."""

    def is_wanted(self, job: ImportJob) -> bool: ...

    def engine(self, job: ImportJob) -> Engine: ...

    def write(self, job: ImportJob, engine: Engine, rows: list[Row]) -> None: ...

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
        with _collector_resting():
            return _slice(job, steps, lease, deadline)
    finally:
        leases.release(lease)


@contextmanager
def _collector_resting() -> Iterator[None]:
    """A chunk makes some hundred thousand objects that die with it, none of them in a cycle:
    looking for cycles among them took a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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
    engine = steps.engine(job)
    with file_open(job) as file:
        rows = CsvRows(file, encoding=job.encoding, delimiter=job.delimiter, cursor=cursor_of(job))
        iterator = iter(rows)
        while True:
            began, before = time.monotonic(), rows.cursor
            try:
                chunk = chunk_take(iterator, rows)
                with transaction.atomic():
                    _commit_lazily()
                    locked = _locked(job, before)
                    if locked is None or not steps.is_wanted(locked):
                        return Worked(done, has_more=False)
                    if not chunk:
                        _commit_lazily(is_lazy=False)
                        steps.finish(locked)
                        return Worked(done, has_more=False)
                    steps.write(locked, engine, chunk)
                    _advance(locked, rows.cursor, len(chunk), time.monotonic() - began)
                    fault("import.before_commit")
            except (UnreadableFile, ImportStopped) as error:
                _fail(job.pk, steps, str(error))
                return Worked(done, has_more=False)
            done += len(chunk)
            fault("import.after_chunk")
            if time.monotonic() >= deadline:
                return Worked(done, has_more=True)
            leases.renew(lease, LEASE_SECONDS)


def _commit_lazily(*, is_lazy: bool = True) -> None:
    """Do not wait for the disk: what a crash of the server loses, it loses with its cursor.

    The last commit of a job waits, and with it all that were written before.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL synchronous_commit TO {'off' if is_lazy else 'DEFAULT'}")


def chunk_take(iterator: Iterator[Row], rows: CsvRows) -> list[Row]:
    """The next rows, bounded in number and in bytes."""
    start = rows.cursor.offset
    chunk: list[Row] = []
    for row in islice(iterator, settings.IMPORT_CHUNK_ROWS):
        chunk.append(row)
        if rows.cursor.offset - start > CHUNK_BYTES:
            break
    return chunk


def cursor_of(job: ImportJob) -> Cursor:
    return Cursor(job.cursor_offset, job.cursor_line, job.cursor_row)


def cursor_to_start(job: ImportJob) -> None:
    """The first row below the header; the caller saves."""
    job.cursor_offset, job.cursor_line, job.cursor_row = job.data_offset, job.data_line, 2
    job.rows_processed, job.worked_seconds, job.starts = 0, 0.0, 0


CURSOR_FIELDS: Final = (
    "cursor_offset", "cursor_line", "cursor_row", "rows_processed", "worked_seconds", "starts",
)  # fmt: skip


@contextmanager
def file_open(job: ImportJob) -> Iterator[IO[bytes]]:
    """The stored file as plain bytes."""
    with job.file.storage.open(str(job.file.name), "rb") as stored:
        yield stored.file or stored


def _locked(job: ImportJob, before: Cursor) -> ImportJob | None:
    """The job's row, locked; None when another process has moved it on."""
    locked = _lock(job.pk)
    if locked is None or locked.generation != job.generation or cursor_of(locked) != before:
        return None
    return locked


def _lock(job_id: int) -> ImportJob | None:
    jobs = ImportJob.objects.select_for_update(of=("self",)).select_related("workspace", "user")
    return jobs.filter(pk=job_id).first()


def _advance(job: ImportJob, cursor: Cursor, rows: int, seconds: float) -> None:
    job.cursor_offset, job.cursor_line, job.cursor_row = cursor
    job.rows_processed += rows
    job.worked_seconds += seconds
    job.starts = 0
    job.heartbeat_at = Now()
    job.save()


def _fail(job_id: int, steps: Steps, message: str) -> None:
    with transaction.atomic():
        job = ImportJob.objects.select_for_update().get(pk=job_id)
        if steps.is_wanted(job):
            steps.fail(job, message)
