"""`manage.py import FILE --workspace SLUG`: the check and run of the pages, in this process."""

from __future__ import annotations

import json
import logging
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.models import User, Workspace
from imports.choices import (
    DateOrder,
    DuplicateStrategy,
    ErrorPolicy,
    ImportObject,
    ImportStatus,
)
from imports.chunks import LEASE_SECONDS
from imports.engine import Action
from imports.errors import UnreadableFile, WrongState
from imports.models import ImportJob
from imports.plan import plan_work
from imports.run import run_work
from imports.services import NewOwner, import_create, import_plan_start, import_start

WORK = {ImportStatus.VALIDATING: plan_work, ImportStatus.IMPORTING: run_work}
NAP_SECONDS = 0.5
UNUSABLE = 2
NOBODY = "nobody"


class _Unusable(Exception):
    """What was asked for is not there."""


@contextmanager
def _queue_quiet(*, is_asked: bool) -> Iterator[None]:
    """The queue logs what it is given; here the command does the work, and its report says it."""
    logger = logging.getLogger("django-q")
    level = logger.level
    if is_asked:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


class Command(BaseCommand):
    help = (
        "Import a CSV file of contacts with their companies. Exit code 0: no row has an error. "
        "1: rows have errors and were, or in a dry run would be, left out; or the import stopped. "
        "2: nothing could be read or done with what was given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--workspace", required=True, help="slug of the workspace")
        parser.add_argument("--user", default="", help="e-mail address of who imports")
        parser.add_argument(
            "--owner", default="",
            help="e-mail address of the owner of new records, or “nobody”; else who imports",
        )  # fmt: skip
        parser.add_argument("--object", default="contact", choices=ImportObject.values)
        parser.add_argument(
            "--duplicates", default="update", choices=DuplicateStrategy.values,
            help="what to do with people who are known already",
        )  # fmt: skip
        parser.add_argument("--errors", default="continue", choices=ErrorPolicy.values)
        parser.add_argument(
            "--dates", default="", choices=DateOrder.values, help="day (dmy) or month (mdy) first"
        )
        parser.add_argument("--dry-run", action="store_true", help="check only")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with _queue_quiet(is_asked=options["verbosity"] < 2):
                job = self._import(options)
        except (UnreadableFile, WrongState, _Unusable) as error:
            self._refuse(str(error), as_json=options["json"])
        except OSError as error:
            where, why = error.filename or options["file"], error.strerror or str(error)
            self._refuse(f"{where} cannot be used: {why}.", as_json=options["json"])
        code = _exit_code(job)
        self._print(job, as_json=options["json"], is_well=code == 0)
        if code:
            raise SystemExit(code)

    def _import(self, options: dict[str, Any]) -> ImportJob:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise _Unusable(f"There is no workspace “{options['workspace']}”.")
        with options["file"].open("rb") as file:
            job = import_create(
                workspace=workspace,
                user=self._user(options["user"], workspace),
                upload=file,
                file_name=options["file"].name,
                import_object=options["object"],
            )
        job = import_plan_start(
            job,
            mapping=job.mapping,
            strategy=DuplicateStrategy(options["duplicates"]),
            error_policy=ErrorPolicy(options["errors"]),
            date_order=options["dates"],
            owner=self._owner(options["owner"], workspace),
        )
        job = _until_done(job)
        if options["dry_run"] or job.status != ImportStatus.READY or _is_blocked(job):
            return job
        return _until_done(import_start(job))

    def _owner(self, asked: str, workspace: Workspace) -> NewOwner | None:
        if asked == NOBODY:
            return NewOwner(None)
        owner = self._user(asked, workspace)
        return NewOwner(owner.pk) if owner else None

    def _user(self, email: str, workspace: Workspace) -> User | None:
        if not email:
            return None
        user = User.objects.filter(email__iexact=email, memberships__workspace=workspace).first()
        if user is None:
            raise _Unusable(f"“{email}” is not a member of {workspace}.")
        return user

    def _refuse(self, message: str, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"status": "refused", "error": message}))
            raise SystemExit(UNUSABLE)
        raise CommandError(message, returncode=UNUSABLE)

    def _print(self, job: ImportJob, *, as_json: bool, is_well: bool) -> None:
        report = _report(job)
        if as_json:
            self.stdout.write(json.dumps(report))
            return
        style = self.style.SUCCESS if is_well else self.style.WARNING
        self.stdout.write(style(f"{job.file_name}: {job.get_status_display().lower()}"))
        for name, value in report["counts"].items():
            self.stdout.write(f"  {name}: {value:,}")
        for cause in report["causes"]:
            column = f"{cause['column']}: " if cause["column"] else ""
            times = "once" if cause["count"] == 1 else f"{cause['count']:,} times"
            self.stdout.write(f"  {times}: {column}{cause['message']} (row {cause['rows'][0]})")
        self.stdout.write(style(report["result"]))
        if report["left"]:
            self.stdout.write(report["left"])


def _until_done(job: ImportJob) -> ImportJob:
    """Work on the job to its end; a worker of the queue may take a turn as well."""
    while job.status in WORK:
        worked = WORK[ImportStatus(job.status)](job.pk, budget_seconds=LEASE_SECONDS)
        job.refresh_from_db()
        if not worked.rows:
            time.sleep(NAP_SECONDS)
    return job


def _report(job: ImportJob) -> dict[str, Any]:
    ran = job.started_at is not None
    counts = (
        {name: getattr(job, name) for name in (*COUNTS, "accounts_created", "accounts_updated")}
        if ran
        else job.plan.get("counts", {})
    )
    return {
        "job": job.pk,
        "status": job.status,
        "error": job.error,
        "result": _words(job),
        "left": _left_words(job),
        "rows": job.rows_total if job.rows_total is not None else job.rows_processed,
        "rows_per_second": job.rows_per_second if ran else job.plan.get("rows_per_second", 0),
        "counts": counts,
        "mapping": {entry["header"]: entry["field"] for entry in job.mapping},
        "causes": list(job.plan.get("causes", {}).values()),
    }


COUNTS = tuple(action.value for action in Action)


def _exit_code(job: ImportJob) -> int:
    if job.status == ImportStatus.FAILED and job.started_at is None:
        return UNUSABLE
    is_well = job.status in (ImportStatus.COMPLETED, ImportStatus.READY)
    return 0 if is_well and not _bad_rows(job) else 1


def _is_blocked(job: ImportJob) -> bool:
    return job.error_policy == ErrorPolicy.STOP and _bad_rows(job) > 0


def _words(job: ImportJob) -> str:
    """What the exit code means."""
    if job.error:
        return job.error
    bad = _bad_rows(job)
    if not bad:
        return "No row has an error." if job.started_at else "No row has an error; nothing written."
    rows = "1 row has an error" if bad == 1 else f"{bad:,} rows have errors"
    if job.started_at:
        return f"{rows}; the others were imported."
    if job.error_policy == ErrorPolicy.STOP:
        return f"{rows}, so nothing is imported."
    return f"{rows} and would be left out; nothing written."


def _left_words(job: ImportJob) -> str:
    """A check is an import that waits to be started: it and its file stay, as from the pages."""
    if job.status != ImportStatus.READY:
        return ""
    return (
        f"The check is kept as number {job.pk} under Imports, with the file for "
        f"{settings.IMPORT_FILE_DAYS} days: start it there, or leave it."
    )


def _bad_rows(job: ImportJob) -> int:
    """Rows that were, or would be, left out."""
    counts = job.plan.get("counts", {})
    return job.failed if job.started_at else counts.get("failed", 0)
