"""What a person may do with an import, and in which state; every door asks here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import IO, Any, NamedTuple

from django.core.files import File
from django.db import transaction
from django.db.models.functions import Now
from django.utils.formats import date_format
from django.utils.timezone import localtime

from crm.models import User, Workspace
from imports.choices import (
    DateOrder,
    DuplicateStrategy,
    ErrorPolicy,
    ImportObject,
    ImportStatus,
    UndoState,
)
from imports.chunks import cursor_to_start
from imports.custom import custom_fields_of
from imports.errors import WrongState
from imports.formats import Cursor
from imports.headers import columns_guess
from imports.intake import Intake, file_take_in, look, sample_rows
from imports.models import ImportJob
from imports.queue import work_ask_on_commit
from imports.reading import file_open

SAMPLE_ROWS = 200
MAPPABLE = (ImportStatus.PENDING, ImportStatus.READY, ImportStatus.FAILED, ImportStatus.VALIDATING)
UNDOABLE = (
    ImportStatus.COMPLETED,
    ImportStatus.CANCELLED,
    ImportStatus.FAILED,
    ImportStatus.PAUSED,
)


class NewOwner(NamedTuple):
    """Whose the records shall be that the file makes; nobody's for None."""

    user_id: int | None


def import_create(
    *,
    workspace: Workspace,
    user: User | None,
    upload: IO[bytes],
    file_name: str,
    import_object: str = ImportObject.CONTACT,
) -> ImportJob:
    """Keep an uploaded file and guess its mapping; raises UnreadableFile and keeps nothing."""
    taken = file_take_in(upload, import_object=import_object)
    job = ImportJob(
        workspace=workspace,
        user=user,
        owner=user,
        object=import_object,
        file_name=_plain_name(file_name),
        file_size=taken.size,
        file_sha256=taken.sha256,
    )
    _look_keep(job, taken)
    taken.file.seek(0)
    job.file.save(job.file_name, File(taken.file), save=False)
    job.save()
    return job


def import_reread(job: ImportJob, *, encoding: str, delimiter: str) -> ImportJob:
    """Read the stored file another way and guess anew; raises UnreadableFile and WrongState."""
    _require_file(job)
    with file_open(job) as file, transaction.atomic():
        locked = _locked(job, MAPPABLE, "read anew")
        taken = look(
            file,
            size=locked.file_size,
            sha256=locked.file_sha256,
            encoding=encoding,
            delimiter=delimiter,
            import_object=locked.object,
        )
        _look_keep(locked, taken)
        locked.status = ImportStatus.PENDING
        locked.generation += 1
        locked.save()
    return locked


def import_plan_start(
    job: ImportJob,
    *,
    mapping: Sequence[dict[str, Any]],
    strategy: DuplicateStrategy,
    error_policy: ErrorPolicy,
    date_order: str = DateOrder.UNKNOWN,
    owner: NewOwner | None = None,
) -> ImportJob:
    """Rehearse the file with this mapping, in the background; an earlier rehearsal is dropped.

    New records get the owner of before (at first who uploaded the file) unless one is given.
    """
    with transaction.atomic():
        locked = _locked(job, MAPPABLE, "checked")
        if locked.started_at is not None:
            raise WrongState("Rows of this file were imported already. Undo it or upload anew.")
        _require_file(locked)
        locked.mapping = list(mapping)
        locked.duplicate_strategy = strategy
        locked.error_policy = error_policy
        locked.date_order = date_order
        if owner is not None:
            locked.owner_id = owner.user_id
        locked.status = ImportStatus.VALIDATING
        locked.error = ""
        locked.plan = {}
        locked.rows_total = None
        locked.generation += 1
        cursor_to_start(locked)
        locked.heartbeat_at = Now()
        locked.save()
        locked.problems.all().delete()
        work_ask_on_commit(locked)
    return locked


def import_start(job: ImportJob) -> ImportJob:
    """Begin to write; raises WrongState while the check found what the policy does not allow."""
    with transaction.atomic():
        locked = _locked(job, (ImportStatus.READY,), "started")
        errors = locked.plan.get("counts", {}).get("failed", 0)
        if locked.error_policy == ErrorPolicy.STOP and errors:
            raise WrongState(
                f"{errors} rows have errors, and you chose to import nothing while any has. "
                "Correct the file, or choose to import the good rows."
            )
        locked.status = ImportStatus.IMPORTING
        locked.generation += 1
        cursor_to_start(locked)
        locked.started_at = locked.heartbeat_at = Now()
        locked.save()
        work_ask_on_commit(locked)
    return locked


def import_pause(job: ImportJob) -> ImportJob:
    """Stop after the chunk under way; what is written stays."""
    return _move(job, (ImportStatus.IMPORTING,), ImportStatus.PAUSED, "paused")


def import_resume(job: ImportJob) -> ImportJob:
    """Go on at the next row, after a pause or after the worker gave up."""
    with transaction.atomic():
        locked = _locked(job, (ImportStatus.PAUSED, ImportStatus.FAILED), "resumed")
        if locked.started_at is None or locked.undo_state:
            raise WrongState("This import can't be resumed.")
        _require_file(locked)
        locked.status = ImportStatus.IMPORTING
        locked.error, locked.starts, locked.finished_at = "", 0, None
        locked.heartbeat_at = Now()
        locked.save()
        work_ask_on_commit(locked)
    return locked


def import_cancel(job: ImportJob) -> ImportJob:
    """Give the import up; rows already written stay until it is undone."""
    allowed = (*MAPPABLE, ImportStatus.IMPORTING, ImportStatus.PAUSED)
    return _move(job, allowed, ImportStatus.CANCELLED, "cancelled")


def import_undo_start(job: ImportJob) -> ImportJob:
    """Take back what the import wrote, in the background."""
    with transaction.atomic():
        locked = _locked(job, UNDOABLE, "undone")
        if locked.started_at is None:
            raise WrongState("This import wrote nothing, so there is nothing to undo.")
        if locked.undo_state in {UndoState.RUNNING, UndoState.DONE}:
            raise WrongState("This import is being undone already.")
        locked.undo_state = UndoState.RUNNING
        locked.undo_report = {}
        locked.error, locked.starts = "", 0
        locked.heartbeat_at = Now()
        locked.save()
        work_ask_on_commit(locked)
    return locked


def samples_of(job: ImportJob, count: int = SAMPLE_ROWS) -> list[list[str]]:
    """The cells of the first rows of the stored file."""
    with file_open(job) as file:
        start = Cursor(job.data_offset, job.data_line, 2)
        return sample_rows(file, start, encoding=job.encoding, delimiter=job.delimiter, count=count)


def _look_keep(job: ImportJob, taken: Intake) -> None:
    job.encoding, job.delimiter = taken.encoding, taken.delimiter
    job.data_offset, job.data_line = taken.data.offset, taken.data.line
    samples = sample_rows(
        taken.file,
        taken.data,
        encoding=taken.encoding,
        delimiter=taken.delimiter,
        count=SAMPLE_ROWS,
    )
    job.mapping = [
        {
            "index": column.index,
            "header": column.header,
            "field": column.field,
            "confidence": column.confidence.value,
            "transform": "",
            "required": False,
        }
        for column in columns_guess(
            taken.headers, samples, job.object, custom_fields_of(job.workspace)
        )
    ]
    cursor_to_start(job)


def _move(job: ImportJob, allowed: Collection[str], status: ImportStatus, done: str) -> ImportJob:
    with transaction.atomic():
        locked = _locked(job, allowed, done)
        locked.status = status
        if status == ImportStatus.CANCELLED:
            locked.finished_at = Now()
        locked.save()
    return locked


def _locked(job: ImportJob, allowed: Collection[str], done: str) -> ImportJob:
    locked = (
        ImportJob.objects.select_for_update(of=("self",))
        .select_related("workspace", "user", "owner")
        .get(pk=job.pk, workspace_id=job.workspace_id)
    )
    if locked.status not in allowed:
        raise WrongState(
            f"This import is “{locked.get_status_display().lower()}” now and can't be {done}."
        )
    return locked


def _require_file(job: ImportJob) -> None:
    if job.file_deleted_at is not None:
        day = date_format(localtime(job.file_deleted_at), "DATE_FORMAT")
        raise WrongState(f"The file was deleted on {day}. Upload it again to import its rows.")


def _plain_name(name: str) -> str:
    """The last part of the name, without what no file name should hold."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:255] or "upload.csv"
