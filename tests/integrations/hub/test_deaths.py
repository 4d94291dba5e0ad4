"""Work that is given up is told to people once for each cause, and called over when settled."""

from __future__ import annotations

import pytest

from crm.models import Alert, User
from integrations.hub import jobs, tasks
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
