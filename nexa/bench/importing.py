"""Rows a second of a whole contact import, against COPY of the same rows and another importer."""

from __future__ import annotations

import csv
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.db import connection

from crm.models import Account, Change, Contact, Workspace
from imports.choices import DuplicateStrategy, ErrorPolicy, ImportStatus
from imports.models import ImportJob
from imports.plan import plan_work
from imports.run import run_work
from imports.services import import_create, import_plan_start, import_start
from nexa.bench.database import scratch_database
from nexa.bench.import_floor import floor_seconds
from nexa.bench.import_peer import peer_seconds
from nexa.bench.memory import growth_mb, memory_watched
from nexa.bench.result import BenchResult

Say = Callable[[str], None]
HEADERS: Final = (
    "First Name", "Last Name", "Email", "Phone Number", "Job Title", "Company Name",
    "Website URL", "Industry", "City", "Country/Region", "Lifecycle Stage", "Tags",
)  # fmt: skip
CONTACTS_PER_ACCOUNT: Final = 5
WARM_UP_ROWS: Final = 2_000
PEER_ROWS: Final = 3_000


def run(rows: int, say: Say) -> BenchResult:
    """Measure all three on empty tables of one scratch database, one after the other."""
    with scratch_database(), tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.objects.create(name="Bench", slug="bench", default_country="AU")
        warm, file = Path(folder, "warm.csv"), Path(folder, "contacts.csv")
        file_write(warm, WARM_UP_ROWS, start=10_000_000)
        file_write(file, rows)
        _import(workspace, warm)
        _tables_empty()
        say(f"Importing {rows:,} rows …")
        ours = _import(workspace, file)
        counts = {
            "contacts": Contact.objects.count(),
            "accounts": Account.objects.count(),
            "changes": Change.objects.count(),
        }
        _tables_empty()
        say("Copying the same rows …")
        floor = floor_seconds(workspace, file, HEADERS)
        _tables_empty()
        peer_rows = min(rows, PEER_ROWS)
        say(f"Importing {peer_rows:,} rows by django-import-export …")
        peer = peer_seconds(workspace, file, peer_rows)
    return BenchResult(
        bench="import",
        size=rows,
        ours_per_s=rows / ours["seconds"],
        floor_per_s=rows / floor,
        peers_per_s={"django_import_export": peer_rows / peer},
        memory_growth_mb=ours["memory_growth_mb"],
        details={
            "check_per_s": round(rows / ours["check_seconds"], 1),
            "peer_rows": peer_rows,
            **counts,
        },
    )


def file_write(path: Path, rows: int, *, start: int = 0) -> None:
    """A file as an export of another CRM looks: every person once, five to a company."""
    chance = random.Random(start)  # noqa: S311 - the same file every time
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for number in range(start, start + rows):
            writer.writerow(_row(number, chance))


def _row(number: int, chance: random.Random) -> tuple[str, ...]:
    company = number // CONTACTS_PER_ACCOUNT
    return (
        f"Given{number % 977}",
        f"Family{number}",
        f"person.{number}@company{company}.example",
        f"+61 4{number // 1_000_000 % 100:02d} {number // 1000 % 1000:03d} {number % 1000:03d}",
        chance.choice(("Head of Sales", "Engineer", "Chief Executive", "Buyer")),
        f"Company {company} Pty Ltd",
        f"https://www.company{company}.example",
        ("Software", "Retail", "Mining")[company % 3],
        ("Sydney", "Perth", "Hobart")[company % 3],
        "Australia",
        chance.choice(("Lead", "Customer", "Marketing Qualified Lead", "")),
        "newsletter; bench",
    )


def _import(workspace: Workspace, path: Path) -> dict[str, Any]:
    """The whole path of `manage.py import`; the run is timed from its first byte read."""
    with path.open("rb") as file:
        job = import_create(workspace=workspace, user=None, upload=file, file_name=path.name)
    try:
        job = import_plan_start(
            job,
            mapping=job.mapping,
            strategy=DuplicateStrategy.UPDATE,
            error_policy=ErrorPolicy.STOP,
        )
        began = time.perf_counter()
        while plan_work(job.pk).has_more:
            pass
        check_seconds = time.perf_counter() - began
        job = import_start(ImportJob.objects.get(pk=job.pk))
        seconds, growth = _run(job)
    finally:
        job.file.delete(save=False)
    job.refresh_from_db()
    if job.status != ImportStatus.COMPLETED or job.created != job.rows_total:
        raise RuntimeError(f"The bench's import ended as {job.status}: {job.error}")
    return {"seconds": seconds, "check_seconds": check_seconds, "memory_growth_mb": growth}


def _run(job: ImportJob) -> tuple[float, float]:
    """Seconds, in slices as a worker takes them, and how many megabytes the process grew at most.

    Short slices, only to look at the memory, would read ahead in vain at the end of each.
    """
    with memory_watched() as sizes:
        began = time.perf_counter()
        while run_work(job.pk).has_more:
            pass
        seconds = time.perf_counter() - began
    return seconds, growth_mb(sizes)


def _tables_empty() -> None:
    """All measure on tables without a row or a dead one; the database is the bench's own."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE crm_contact, crm_account, crm_change CASCADE")
