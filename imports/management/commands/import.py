"""`manage.py import FILE --workspace SLUG`: the check and run of the pages, in this process."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

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
NOBODY = "nobody"


class Command(BaseCommand):
    help = "Import a CSV file of contacts with their companies."

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
            job = self._import(options)
        except (UnreadableFile, WrongState, OSError) as error:
            self._refuse(str(error), as_json=options["json"])
        is_well = job.status in (ImportStatus.COMPLETED, ImportStatus.READY) and not _bad_rows(job)
        self._print(job, as_json=options["json"], is_well=is_well)
        if not is_well:
            raise SystemExit(1)

    def _import(self, options: dict[str, Any]) -> ImportJob:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace “{options['workspace']}”.")
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
        if options["dry_run"] or job.status != ImportStatus.READY:
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
            raise CommandError(f"“{email}” is not a member of {workspace}.")
        return user

    def _refuse(self, message: str, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"status": "refused", "error": message}))
            raise SystemExit(1)
        raise CommandError(message)

    def _print(self, job: ImportJob, *, as_json: bool, is_well: bool) -> None:
        report = _report(job)
        if as_json:
            self.stdout.write(json.dumps(report))
            return
        style = self.style.SUCCESS if is_well else self.style.WARNING
        self.stdout.write(style(f"{job.file_name}: {job.get_status_display().lower()}"))
        for name, value in report["counts"].items():
            self.stdout.write(f"  {name}: {value:,}")
        if job.error:
            self.stdout.write(self.style.ERROR(job.error))
        for cause in report["causes"]:
            self.stdout.write(
                f"  {cause['count']:,} times: {cause['message']} (row {cause['rows'][0]})"
            )


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
        "rows": job.rows_total if job.rows_total is not None else job.rows_processed,
        "rows_per_second": job.rows_per_second if ran else job.plan.get("rows_per_second", 0),
        "counts": counts,
        "mapping": {entry["header"]: entry["field"] for entry in job.mapping},
        "causes": list(job.plan.get("causes", {}).values()),
    }


COUNTS = tuple(action.value for action in Action)


def _bad_rows(job: ImportJob) -> int:
    """Rows that were, or would be, left out."""
    counts = job.plan.get("counts", {})
    return job.failed if job.started_at else counts.get("failed", 0)
