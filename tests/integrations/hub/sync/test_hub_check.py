"""The nightly look at the engine's promises, and what the doctor says of streams."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection as database

from crm.models import Alert, Contact
from integrations.hub.hub_check import hub_check, hub_check_night
from integrations.hub.models import (
    Connection,
    SyncDirection,
    SyncJob,
    SyncRecord,
    SyncState,
    WriteIntent,
)
from integrations.hub.sync.reconciling import reconcile_now
from nexa.doctor.streams import streams_found
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, quiesce, work

pytestmark = pytest.mark.django_db(transaction=True)


def broken() -> list[str]:
    return [one.name for one in hub_check()]


def aged(table: str, column: str, minutes: int = 60) -> None:
    with database.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = now() - interval '{minutes} minutes'")


def day_over() -> None:
    with database.cursor() as cursor:
        cursor.execute("UPDATE hub_namedlease SET until = now() WHERE name = 'hub_check'")


@pytest.fixture
def well(connection: Connection, mirror: MirrorVendor, contact: Contact) -> Connection:
    """In step, with nothing to do."""
    quiesce(connection, mirror)
    assert hub_check() == []
    return connection


def test_change_without_a_job_is_told(well: Connection, contact: Contact, desk: Desk) -> None:
    desk.edit(contact, title="CEO")
    aged("crm_contact", "updated_at")
    assert broken() == []

    SyncJob.objects.all().delete()

    assert broken() == ["I1"]


def test_forgotten_change_of_a_stream_that_only_sends_is_told_and_sent_at_night(
    well: Connection, contact: Contact, person: str, mirror: MirrorVendor, desk: Desk
) -> None:
    SyncState.objects.update(direction=SyncDirection.PUSH, cursor={})
    left_alone = desk.make("contact", email="eve@acme.test")
    desk.edit(contact, title="CEO")
    aged("crm_contact", "updated_at")
    SyncJob.objects.all().delete()

    assert [one.name for one in hub_check_night()] == ["I1"]
    work()

    assert mirror.value("people", person, "title") == "CEO"
    assert broken() == []
    assert not SyncRecord.objects.filter(local_id=left_alone.pk).exists()


def test_fresh_change_without_a_job_is_not_told_yet(
    well: Connection, contact: Contact, desk: Desk
) -> None:
    desk.edit(contact, title="CEO")
    SyncJob.objects.all().delete()

    assert broken() == []


def test_job_of_a_silent_worker_is_told(well: Connection, contact: Contact, desk: Desk) -> None:
    desk.edit(contact, title="CEO")
    SyncJob.objects.filter(state="ready").update(state="leased", lease_token=uuid.uuid4())
    aged("hub_syncjob", "lease_until")

    assert broken() == ["I4"]


def test_link_to_no_record_is_told(well: Connection) -> None:
    SyncRecord.objects.update(local_id=999_999)
    aged("hub_syncrecord", "created_at")

    assert broken() == ["I9"]


def test_cursor_in_the_future_is_told(well: Connection) -> None:
    SyncState.objects.filter(object="people").update(cursor={"at": "2999-01-01T00:00:00+00:00"})

    assert broken() == ["I12"]


def test_make_of_unknown_outcome_that_nobody_looks_for_is_told(
    well: Connection, contact: Contact
) -> None:
    WriteIntent.objects.create(
        connection=well,
        kind="make",
        key="make:1",
        record_type="contact",
        record_id=contact.pk,
        body={},
    )
    aged("hub_writeintent", "created_at", 25 * 60)

    assert broken() == ["I13"]


def test_admins_hear_at_night_and_no_more_once_it_is_well(well: Connection) -> None:
    cursor = SyncState.objects.get(object="people").cursor
    SyncState.objects.filter(object="people").update(cursor={"at": "2999-01-01T00:00:00+00:00"})

    hub_check_night()
    hub_check_night()

    alert = Alert.objects.get(kind="hub_check")
    assert alert.occurrences == 1
    assert "I12" in alert.message
    SyncState.objects.filter(object="people").update(cursor=cursor)
    day_over()
    hub_check_night()
    alert.refresh_from_db()
    assert alert.status == "resolved"


def test_doctor_has_a_line_for_each_stream(well: Connection, mirror: MirrorVendor) -> None:
    people = SyncState.objects.select_related("connection__workspace").get(object="people")
    mirror.get("people", next(iter(mirror.tables.things["people"]))).values["title"] = "CEO"
    reconcile_now(people)

    found: list[Any] = streams_found()

    lines = [one.said for one in found]
    assert any("people" in line and "not in step, 0.0 %" in line for line in lines)
    assert any("companies" in line and "not compared yet" in line for line in lines)
    assert "promise" in lines[-1]
    assert [one.is_well for one in found] == [False, True, True]
    assert "manage.py reconcile" in found[0].mend


def test_doctor_sends_a_person_to_a_stream_that_waits(well: Connection) -> None:
    SyncState.objects.filter(object="people").update(hold_reason="Many are gone.")

    found = streams_found()

    assert "Many are gone." in found[0].said
    assert "/integrations/streams/" in found[0].mend
