"""Work that is given up is told to people once for each cause, and called over when settled."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from crm.models import Alert, User
from integrations.hub import deaths, jobs, tasks
from integrations.hub.jobs import job_discard
from integrations.hub.models import (
    Connection,
    ConnectionState,
    InboxEvent,
    InboxState,
    JobState,
    SyncJob,
)
from integrations.hub.pump import pump
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import command_make, post_event, time_passes
from tests.integrations.hub.echo import EchoVendor, status

pytestmark = pytest.mark.django_db(transaction=True)


def dies(connection: Connection, vendor: EchoVendor, count: int = 1) -> None:
    """So many jobs meet their last failure, and no breaker steps in."""
    for _ in range(count):
        job = command_make(connection)
        SyncJob.objects.filter(pk=job.pk).update(attempts=5)
        Connection.objects.update(breaker_failures=0, window_calls=0, window_failures=0)
        vendor.script = [status(503)]
        pump(budget_seconds=0)


def test_job_that_used_up_its_retries_raises_an_alert(
    connection: Connection, vendor: EchoVendor
) -> None:
    dies(connection, vendor)

    alert = Alert.objects.get()
    assert SyncJob.objects.get().state == JobState.DEAD
    assert (alert.kind, alert.severity) == ("connection_work_dead", "urgent")
    assert alert.connection_id == connection.pk
    for words in (connection.name, "scripted", "retries are used up", "kept", "retries it"):
        assert words in alert.message


def test_many_jobs_that_die_of_one_cause_are_one_alert(
    connection: Connection, vendor: EchoVendor
) -> None:
    dies(connection, vendor, 5)

    assert SyncJob.objects.filter(state=JobState.DEAD).count() == 5
    assert Alert.objects.get().occurrences == 1


def test_another_cause_is_another_alert(connection: Connection, vendor: EchoVendor) -> None:
    dies(connection, vendor)
    job = command_make(connection, kind="broken")
    SyncJob.objects.filter(pk=job.pk).update(attempts=5)
    pump(budget_seconds=0)

    causes = {alert.subject_key.rpartition(":")[2] for alert in Alert.objects.all()}
    assert causes == {"transient", "bug"}
    assert not Alert.objects.filter(message__contains=echo.API_KEY).exists()


def test_refusal_of_the_vendor_raises_no_such_alert(
    connection: Connection, vendor: EchoVendor
) -> None:
    command_make(connection)
    vendor.script = [status(422)]

    pump(budget_seconds=0)

    assert SyncJob.objects.get().state == JobState.DEAD
    assert not Alert.objects.exists()


def test_alert_is_over_once_the_dead_work_is_settled(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    dies(connection, vendor, 2)
    first, second = SyncJob.objects.order_by("pk")

    job_discard(first, actor=actor)
    tasks.tick()
    assert Alert.objects.get().status == "open"

    jobs.job_replay(second, actor=actor)
    tasks.tick()
    assert Alert.objects.get().status == "resolved"


def test_alert_is_over_once_the_vendor_is_disconnected(
    connection: Connection, vendor: EchoVendor
) -> None:
    dies(connection, vendor)

    Connection.objects.update(state=ConnectionState.DISABLED)
    tasks.tick()

    assert Alert.objects.get().status == "resolved"


def test_job_that_takes_workers_with_it_raises_an_alert(connection: Connection) -> None:
    command_make(connection)
    for _ in range(3):
        assert jobs.claim(connection.pk) is not None
        time_passes(61)
        jobs.sweep()

    assert SyncJob.objects.get().state == JobState.DEAD
    assert "three workers ended" in Alert.objects.get().message


def test_event_that_cannot_be_taken_over_raises_an_alert(connection: Connection) -> None:
    post_event(connection, {"id": "e1", "kind": "account.made", "explode": True})
    InboxEvent.objects.update(attempts=8)

    pump(budget_seconds=0)

    alert = Alert.objects.get()
    assert InboxEvent.objects.get().state == InboxState.DEAD
    assert alert.kind == "connection_event_dead"
    assert "nothing of it is in the CRM" in alert.message
    assert echo.API_KEY not in alert.message


def test_death_that_was_stored_and_never_told_is_found_by_the_tick(
    connection: Connection, vendor: EchoVendor
) -> None:
    dies(connection, vendor)
    post_event(connection, {"id": "e1", "kind": "account.made", "explode": True})
    InboxEvent.objects.update(attempts=8)
    pump(budget_seconds=0)
    Alert.objects.all().delete()  # as if both workers had ended just before they told

    tasks.tick()
    tasks.tick()

    told = {alert.kind: alert for alert in Alert.objects.all()}
    assert set(told) == {"connection_work_dead", "connection_event_dead"}
    assert {alert.occurrences for alert in told.values()} == {1}
    assert "scripted" in told["connection_work_dead"].message


def test_alert_that_a_person_closed_is_opened_by_a_new_death_only(
    connection: Connection, vendor: EchoVendor
) -> None:
    dies(connection, vendor)
    Alert.objects.update(status="resolved", resolved_at=timezone.now())

    tasks.tick()
    assert not Alert.objects.filter(status="open").exists()

    dead = SyncJob.objects.get()
    SyncJob.objects.filter(pk=dead.pk).update(finished_at=timezone.now())
    tasks.tick()
    assert Alert.objects.filter(status="open").count() == 1


def test_tick_tells_nothing_of_what_the_vendor_refused(
    connection: Connection, vendor: EchoVendor
) -> None:
    command_make(connection)
    vendor.script = [status(422)]
    pump(budget_seconds=0)

    tasks.tick()

    assert not Alert.objects.exists()


def test_death_waits_for_the_alert_that_is_being_resolved(
    connection: Connection, vendor: EchoVendor
) -> None:
    dies(connection, vendor)
    with transaction.atomic():
        Alert.objects.select_for_update().get()
        told = threading.Thread(target=_told, args=(connection,))
        told.start()
        wait_for_lock()
        Alert.objects.update(status="resolved", resolved_at=timezone.now())
    told.join(30)

    assert Alert.objects.filter(status="open").count() == 1


def _told(connection: Connection) -> None:
    try:
        deaths.job_died(connection, reason="transient", words="again")
    finally:
        database.close()


def wait_for_lock() -> None:
    """Until another session of this database waits for a lock."""
    deadline = time.monotonic() + 30
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    with database.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
            time.sleep(0.05)
    raise AssertionError("nobody waited for the alert")
