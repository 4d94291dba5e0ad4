"""Taking an import back: what it made goes, what it changed returns, what changed since stays."""

from __future__ import annotations

import pytest

from crm.models import Account, Contact, Workspace
from crm.services.contacts import contact_create, contact_update
from crm.services.origin import Origin
from imports import tasks
from imports.choices import ImportStatus
from imports.errors import WrongState
from imports.models import ImportJob
from imports.services import import_undo_start
from imports.undo import undo_preview
from tests.imports.conftest import MakeJob, fresh, people

pytestmark = pytest.mark.django_db


def undo(job: ImportJob) -> ImportJob:
    import_undo_start(job)
    tasks.work(job.pk)
    return fresh(job)


def test_made_records_are_archived_and_changed_ones_restored(
    workspace: Workspace, origin: Origin, imported: MakeJob
) -> None:
    known = contact_create(
        workspace=workspace,
        values={"email": "p0@people.example", "first_name": "Old"},
        origin=origin,
    )
    job = imported(*people(3))

    job = undo(job)

    known.refresh_from_db()
    assert (known.first_name, known.last_name, known.account) == ("Old", "", None)
    assert not known.is_archived
    assert list(Contact.objects.filter(archived_at=None)) == [known]
    assert not Account.objects.filter(archived_at=None).exists()
    assert job.status == ImportStatus.UNDONE
    assert job.undo_report == {"restored": 1, "archived": 3, "kept": 0, "kept_examples": []}


def test_what_a_person_changed_since_stays_and_is_told(
    workspace: Workspace, origin: Origin, imported: MakeJob
) -> None:
    known = contact_create(
        workspace=workspace,
        values={"email": "p0@people.example", "first_name": "Old", "last_name": "Name"},
        origin=origin,
    )
    job = imported(*people(1))
    contact_update(known, values={"first_name": "Mine"}, origin=origin)
    preview = undo_preview(job)

    job = undo(job)

    known.refresh_from_db()
    assert (known.first_name, known.last_name) == ("Mine", "Name")
    assert preview is not None
    assert preview.kept == {"contact": 1}
    assert job.undo_report["kept_examples"] == [
        {"type": "contact", "id": known.pk, "field": "first_name"}
    ]


def test_an_import_can_be_repeated_after_its_undo(imported: MakeJob) -> None:
    undo(imported(*people(2)))

    job = imported(*people(2))

    assert job.created == 2


def test_an_import_is_undone_once(imported: MakeJob) -> None:
    job = undo(imported(*people(1)))

    with pytest.raises(WrongState):
        import_undo_start(job)


def test_an_import_that_wrote_nothing_is_not_undone(checked: MakeJob) -> None:
    with pytest.raises(WrongState):
        import_undo_start(checked(*people(1)))
