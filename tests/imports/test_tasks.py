"""Slices, sweeps and workers that fail: the job's row decides what happens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django_q.models import OrmQ

from crm.models import Contact
from imports import tasks
from imports.choices import DuplicateStrategy, ErrorPolicy, ImportStatus
from imports.chunks import MAX_STARTS
from imports.models import ImportJob
from imports.plan import plan_work
from imports.run import run_work
from imports.services import (
    import_cancel,
    import_pause,
    import_plan_start,
    import_resume,
    import_start,
)
from integrations.hub import leases, sweeps
from integrations.hub.faults import FaultRaised
from tests.imports.conftest import MakeJob, fresh, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def started(checked: MakeJob, settings: Any) -> MakeJob:
    """A job that may write, in chunks of two rows."""
    settings.IMPORT_CHUNK_ROWS = 2

    def make(*rows: str, **given: Any) -> ImportJob:
        return import_start(checked(*rows, **given))

    return make


def test_a_slice_ends_with_its_budget_and_asks_for_the_next(started: MakeJob) -> None:
    job = started(*people(5))

    tasks.work(job.pk, budget_seconds=0)

    assert (fresh(job).rows_processed, OrmQ.objects.count()) == (2, 1)


def test_a_paused_import_stops_and_goes_on(started: MakeJob) -> None:
    job = started(*people(5))
    run_work(job.pk, budget_seconds=0)

    import_pause(job)
    assert run_work(job.pk).rows == 0
    import_resume(job)
    run_work(job.pk)

    job = fresh(job)
    assert (job.status, job.created, Contact.objects.count()) == (ImportStatus.COMPLETED, 5, 5)


def test_a_cancelled_import_keeps_what_it_wrote(started: MakeJob) -> None:
    job = started(*people(5))
    run_work(job.pk, budget_seconds=0)

    import_cancel(job)
    tasks.work(job.pk)

    assert (fresh(job).status, Contact.objects.count()) == (ImportStatus.CANCELLED, 2)


def test_two_workers_never_work_on_one_job(started: MakeJob) -> None:
    job = started(*people(5))
    lease = leases.take(f"import:{job.pk}", 30)

    assert run_work(job.pk).rows == 0
    assert lease is not None
    leases.release(lease)
    assert run_work(job.pk).rows == 5


def test_a_check_begun_anew_replaces_the_one_under_way(checked: MakeJob, settings: Any) -> None:
    settings.IMPORT_CHUNK_ROWS = 2
    job = checked(*people(5))
    options = {
        "strategy": DuplicateStrategy.UPDATE,
        "error_policy": ErrorPolicy.CONTINUE,
    }
    import_plan_start(job, mapping=job.mapping, **options)
    plan_work(job.pk, budget_seconds=0)
    assert fresh(job).rows_processed == 2

    import_plan_start(job, mapping=job.mapping, **options)
    plan_work(job.pk)

    assert fresh(job).plan["counts"]["created"] == 5


def test_the_tick_finds_jobs_that_nobody_works_on(started: MakeJob) -> None:
    silent, busy = started(*people(2)), started(*people(2, start=10))
    ImportJob.objects.filter(pk=silent.pk).update(heartbeat_at=Now() - timedelta(minutes=1))

    sweeps.sweeps_run()

    assert [queued.name() for queued in OrmQ.objects.all()] == [f"import {silent.pk}"]
    assert fresh(busy).status == ImportStatus.IMPORTING


def test_a_file_that_kills_its_worker_is_given_up(started: MakeJob) -> None:
    job = started(*people(2))
    ImportJob.objects.filter(pk=job.pk).update(starts=MAX_STARTS)

    tasks.work(job.pk)

    job = fresh(job)
    assert job.status == ImportStatus.FAILED
    assert job.error.startswith(f"The worker stopped {MAX_STARTS} times at row 2.")


def test_an_unforeseen_error_is_told_and_the_import_can_go_on(
    started: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = started(*people(5))
    monkeypatch.setenv("HUB_FAULT", "import.after_chunk:raise")

    tasks.work(job.pk)
    job = fresh(job)
    assert job.status == ImportStatus.FAILED
    assert FaultRaised.__name__ in job.error
    assert Contact.objects.count() == 2
    monkeypatch.delenv("HUB_FAULT")
    import_resume(job)
    tasks.work(job.pk)

    assert (fresh(job).status, Contact.objects.count()) == (ImportStatus.COMPLETED, 5)


def test_a_lost_file_is_told(started: MakeJob) -> None:
    job = started(*people(2))
    default_storage.delete(str(job.file.name))

    tasks.work(job.pk)

    assert fresh(job).status == ImportStatus.FAILED


def test_a_database_that_is_away_leaves_the_job_to_the_sweep(
    started: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = started(*people(5))
    monkeypatch.setenv("HUB_FAULT", "import.after_chunk:dberror")

    with pytest.raises(OperationalError):
        tasks.work(job.pk)

    assert fresh(job).status == ImportStatus.IMPORTING


def test_a_row_the_database_refuses_is_set_aside(started: MakeJob) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE crm_contact ADD CHECK (first_name <> 'Given2')")
    job = started(*people(5))

    tasks.work(job.pk)

    job = fresh(job)
    assert (job.status, job.created, job.failed) == (ImportStatus.COMPLETED, 4, 1)
    problem = job.problems.get(phase="run")
    assert (problem.row_number, problem.cause) == (4, "refused")
    assert Contact.objects.count() == 4
