"""Uploaded files go when their time is over; what they brought, and its undo, stay."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from django.test import Client

from crm.models import Contact
from imports import tasks
from imports.choices import ImportStatus
from imports.errors import WrongState
from imports.expiry import files_expire
from imports.models import ImportJob
from imports.services import import_pause, import_resume, import_start, import_undo_start
from integrations.hub import sweeps
from tests.imports.conftest import MakeJob, fresh, people
from tests.imports.test_views import text, url

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ten_days(settings: Any) -> None:
    settings.IMPORT_FILE_DAYS = 10


def aged(job: ImportJob, days: int) -> ImportJob:
    """The job as if it had last been worked with that many days ago."""
    then = Now() - timedelta(days=days)
    ImportJob.objects.filter(pk=job.pk).update(
        created_at=then, heartbeat_at=then, finished_at=then if job.finished_at else None
    )
    return fresh(job)


def is_kept(job: ImportJob) -> bool:
    return default_storage.exists(str(job.file.name))


def test_a_file_goes_after_its_days_and_the_undo_stays(
    manager_client: Client, imported: MakeJob
) -> None:
    job = aged(imported(*people(2)), 11)

    sweeps.sweeps_run()

    assert not is_kept(job)
    assert fresh(job).status == ImportStatus.COMPLETED
    page = text(manager_client.get(url("import_detail", job)))
    assert "The file was deleted on" in page
    assert "can still be undone" in page
    import_undo_start(fresh(job))
    tasks.work(job.pk)
    assert not Contact.objects.filter(archived_at=None).exists()


def test_a_younger_file_and_one_at_work_stay(imported: MakeJob, checked: MakeJob) -> None:
    young = aged(imported(*people(1)), 9)
    at_work = import_start(checked(*people(1, start=5)))
    aged(at_work, 11)
    old_upload_used_lately = imported(*people(1, start=9))
    ImportJob.objects.filter(pk=old_upload_used_lately.pk).update(
        created_at=Now() - timedelta(days=40)
    )

    assert files_expire() == 0
    assert all(is_kept(job) for job in (young, at_work, old_upload_used_lately))


def test_an_import_nobody_went_on_with_is_cancelled(
    manager_client: Client, upload: MakeJob, checked: MakeJob
) -> None:
    jobs = [aged(upload(*people(1)), 11), aged(checked(*people(1)), 11)]

    assert (files_expire(), files_expire()) == (2, 0)

    for job in jobs:
        assert fresh(job).status == ImportStatus.CANCELLED
        page = text(manager_client.get(url("import_map", job), follow=True))
        assert "upload it again to go on" in page


def test_what_needs_the_file_is_refused_with_the_reason(
    manager_client: Client, checked: MakeJob
) -> None:
    job = import_start(checked(*people(2)))
    import_pause(job)
    files_before = aged(job, 11)
    files_expire()
    ImportJob.objects.filter(pk=job.pk).update(status=ImportStatus.FAILED)

    with pytest.raises(WrongState, match="The file was deleted on"):
        import_resume(fresh(files_before))
    assert "Resume" not in text(manager_client.get(url("import_detail", job)))
    manager_client.post(url("import_reading", job), {"encoding": "utf-8", "delimiter": ","})
    assert "The file was deleted on" in text(manager_client.get(url("import_list")))


def test_a_file_that_cannot_be_deleted_keeps_no_other_from_going(imported: MakeJob) -> None:
    stuck = aged(imported(*people(1)), 30)
    job = aged(imported(*people(2)), 11)
    path = Path(default_storage.path(str(stuck.file.name)))
    path.unlink()
    path.mkdir()  # what the storage refuses to delete as a file
    (path / "held").touch()

    with pytest.raises(ExceptionGroup, match="1 uploaded files could not be deleted"):
        files_expire()

    assert not is_kept(job)
    assert fresh(stuck).file_deleted_at is None
