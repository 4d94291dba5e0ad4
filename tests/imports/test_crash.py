"""kill -9 in the middle of a real process; the next one goes on at the cursor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection as database
from django.db.models.functions import Now

from crm.models import Account, Change, Contact, Workspace
from imports import tasks
from imports.choices import ImportStatus, UndoState
from imports.models import ImportJob
from imports.services import import_undo_start
from integrations.hub.models import NamedLease
from tests.imports.conftest import csv_bytes, fresh, people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]
ROWS, CHUNK = 50, 10


def import_killed(workspace: Workspace, folder: Path, fault: str) -> tuple[int, ImportJob]:
    """`manage.py import` in a process of its own that dies at the fault; its exit code, the job."""
    file = folder / "people.csv"
    file.write_bytes(csv_bytes(*people(ROWS)))
    at = database.settings_dict
    login = f"{quote(at['USER'], safe='')}:{quote(at['PASSWORD'], safe='')}"
    host = f"host={quote(str(at['HOST']), safe='')}&port={at['PORT']}"
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{login}@/{at['NAME']}?{host}",
        "NEXA_IMPORT_CHUNK_ROWS": str(CHUNK),
        "NEXA_MEDIA_ROOT": str(folder / "files"),
        "HUB_FAULT": fault,
    }
    command = [sys.executable, "manage.py", "import", str(file), "--workspace", workspace.slug]
    done = subprocess.run(command, env=environment, check=False, timeout=120)
    NamedLease.objects.update(until=Now() - timedelta(seconds=1))  # half a minute passes
    return done.returncode, ImportJob.objects.get()


# The check hits the same points first: five chunks and the end, then the run begins.
@pytest.mark.parametrize(
    ("fault", "processed"),
    [("import.before_commit:kill@8", 20), ("import.after_chunk:kill@8", 30)],
)
def test_an_import_killed_midway_goes_on_and_doubles_nothing(
    workspace: Workspace, tmp_path: Path, settings: Any, fault: str, processed: int
) -> None:
    settings.IMPORT_CHUNK_ROWS = CHUNK

    code, job = import_killed(workspace, tmp_path, fault)
    assert code == -signal.SIGKILL
    assert (job.status, job.rows_processed) == (ImportStatus.IMPORTING, processed)
    assert Contact.objects.count() == processed
    tasks.work(job.pk)

    job = fresh(job)
    assert (job.status, job.created, job.rows_processed) == (ImportStatus.COMPLETED, ROWS, ROWS)
    emails = Contact.objects.values_list("email", flat=True)
    assert len(set(emails)) == Contact.objects.count() == ROWS
    assert Account.objects.count() == job.accounts_created == 17
    assert Change.objects.filter(record_type="contact", action="created").count() == ROWS


def test_a_check_killed_midway_goes_on_and_counts_the_same(
    workspace: Workspace, tmp_path: Path, settings: Any
) -> None:
    settings.IMPORT_CHUNK_ROWS = CHUNK

    code, job = import_killed(workspace, tmp_path, "import.before_commit:kill@3")
    assert code == -signal.SIGKILL
    assert (job.status, job.rows_processed) == (ImportStatus.VALIDATING, 20)
    tasks.work(job.pk)

    job = fresh(job)
    assert (job.status, job.plan["counts"]["created"]) == (ImportStatus.READY, ROWS)
    assert job.plan["accounts"]["created"] == 17
    assert not Contact.objects.exists()


def test_an_undo_that_stops_midway_goes_on(
    workspace: Workspace, tmp_path: Path, settings: Any
) -> None:
    _, job = import_killed(workspace, tmp_path, "")
    assert job.status == ImportStatus.COMPLETED
    import_undo_start(job)

    tasks.work(job.pk, budget_seconds=0)  # one batch, then out of time
    assert fresh(job).undo_state == UndoState.RUNNING
    while fresh(job).undo_state == UndoState.RUNNING:
        tasks.work(job.pk, budget_seconds=10)

    job = fresh(job)
    assert job.status == ImportStatus.UNDONE
    assert job.undo_report["archived"] == ROWS + 17
    assert not Contact.objects.filter(archived_at=None).exists()
