"""When the breaker of a connection opens, closes, and gives a silent connection up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now

from crm.choices import Severity
from crm.models import Alert
from integrations.hub import breaker, jobs, revivals, tasks
from integrations.hub.connections import connection_disconnect
from integrations.hub.jobs import reviving
from integrations.hub.models import BreakerState, Connection, ConnectionState, JobState, SyncJob
from integrations.hub.pump import pump
from tests.integrations.hub.conftest import account_make, command_make, time_passes
from tests.integrations.hub.echo import EchoVendor
from tests.integrations.hub.refusing import rows_refused
from tests.integrations.hub.test_deaths import wait_for_lock

pytestmark = pytest.mark.django_db(transaction=True)


def opened(connection: Connection, *, hours: float = 1) -> None:
    """An outage has lasted so long."""
    for _ in range(breaker.FAILURES_IN_A_ROW):
        breaker.failed(connection)
    time_passes(hours * 3600)
    connection.refresh_from_db()
    assert connection.breaker_state == BreakerState.OPEN


def state_of(connection: Connection) -> BreakerState:
    connection.refresh_from_db()
    return BreakerState(connection.breaker_state)


def calls(connection: Connection, *, failed: int, well: int) -> None:
    """Calls that end well and failures in turn, so that few failures follow each other."""
    for number in range(max(failed, well)):
        if number < well:
            breaker.succeeded(connection)
        if number < failed:
            breaker.failed(connection)


def test_half_of_ten_calls_within_a_minute_open_it(connection: Connection) -> None:
    calls(connection, failed=4, well=5)
    assert state_of(connection) == BreakerState.CLOSED

    breaker.failed(connection)

    assert state_of(connection) == BreakerState.OPEN
    assert Alert.objects.get().kind == "connection_outage"


def test_fewer_than_half_or_than_ten_calls_leave_it_closed(connection: Connection) -> None:
    calls(connection, failed=4, well=4)
    assert state_of(connection) == BreakerState.CLOSED

    for _ in range(4):
        breaker.succeeded(connection)
    calls(connection, failed=1, well=2)

    assert state_of(connection) == BreakerState.CLOSED


def test_failures_of_an_earlier_minute_do_not_count(connection: Connection) -> None:
    calls(connection, failed=4, well=5)
    time_passes(breaker.WINDOW_SECONDS + 1)

    breaker.failed(connection)

    assert state_of(connection) == BreakerState.CLOSED


def test_revival_that_was_cut_off_is_gone_on_with_by_the_tick(connection: Connection) -> None:
    died = command_make(connection)
    opened(connection)
    SyncJob.objects.update(state=JobState.DEAD, reason="transient", finished_at=Now())

    breaker.succeeded(connection)
    with rows_refused("hub_syncjob", "NEW.state = 'ready'"):
        breaker.succeeded(connection)
    assert state_of(connection) == BreakerState.CLOSED
    died.refresh_from_db()
    assert died.state == JobState.DEAD
    tasks.tick()

    died.refresh_from_db()
    assert (died.state, died.revivals) == (JobState.READY, 1)
    connection.refresh_from_db()
    assert connection.revive_since is None
    assert Alert.objects.get(kind="connection_outage").status == "resolved"


def test_job_that_dies_again_while_the_revival_goes_on_stays_dead(connection: Connection) -> None:
    command_make(connection)
    opened(connection)
    SyncJob.objects.update(state=JobState.DEAD, reason="transient", finished_at=Now(), revivals=1)
    Connection.objects.update(revive_since=Now() - timedelta(hours=2))

    tasks.tick()

    assert SyncJob.objects.get().state == JobState.DEAD
    connection.refresh_from_db()
    assert connection.revive_since is None


def test_second_outage_while_the_first_is_made_up_for_loses_neither(
    connection: Connection,
) -> None:
    first = Now() - timedelta(hours=9)
    Connection.objects.update(revive_since=first)
    command_make(connection)
    SyncJob.objects.update(
        state=JobState.DEAD, reason="transient", finished_at=Now() - timedelta(hours=8)
    )
    opened(connection)

    breaker.succeeded(connection)
    breaker.succeeded(connection)

    assert SyncJob.objects.get().state == JobState.READY


def test_record_that_died_twice_of_an_outage_has_nothing_dead_left_after_it(
    connection: Connection, vendor: EchoVendor
) -> None:
    account = account_make(connection.workspace)
    for _ in range(2):
        jobs.dirty(connection.pk, "account", [account.pk])
        ready = SyncJob.objects.filter(state=JobState.READY)
        ready.update(state=JobState.DEAD, reason="transient", finished_at=Now())
    Connection.objects.update(revive_since=Now() - timedelta(hours=2))

    tasks.tick()
    pump(budget_seconds=30, until_idle=True)

    assert len(vendor.requests) == 1
    assert set(SyncJob.objects.values_list("state", flat=True)) == {
        JobState.DONE,
        JobState.SUPERSEDED,
    }


def test_disconnected_connection_has_nothing_revived(connection: Connection) -> None:
    command_make(connection)
    SyncJob.objects.update(state=JobState.DEAD, reason="transient", finished_at=Now())
    noted = {"revive_since": Now() - timedelta(hours=2), "revive_forbidden_until": Now()}
    Connection.objects.update(**noted)
    connection.refresh_from_db()

    connection_disconnect(connection, actor=None)
    tasks.tick()

    connection.refresh_from_db()
    assert (connection.revive_since, connection.revive_forbidden_until) == (None, None)
    assert SyncJob.objects.get().state == JobState.DEAD


def test_breaker_that_closes_never_locks_a_person_out(connection: Connection) -> None:
    first, second = (account_make(connection.workspace).pk for _ in range(2))
    jobs.dirty(connection.pk, "account", [first])
    jobs.dirty(connection.pk, "account", [second])
    opened(connection)
    SyncJob.objects.update(state=JobState.DEAD, reason="transient", finished_at=Now())
    breaker.succeeded(connection)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            jobs.dirty(connection.pk, "account", [second])
            closing = pool.submit(closed_elsewhere, connection)
            wait_for_lock()
            jobs.dirty(connection.pk, "account", [first])
        closing.result(timeout=30)

    assert state_of(connection) == BreakerState.CLOSED
    assert connection.revive_since is None
    ready = SyncJob.objects.filter(state=JobState.READY)
    assert set(ready.values_list("record_id", flat=True)) == {first, second}


def test_revival_that_another_worker_is_ahead_of_goes_on_to_the_end(
    connection: Connection,
) -> None:
    many = reviving.CHUNK + 1
    jobs.dirty(connection.pk, "account", range(1, many + 1))
    SyncJob.objects.update(state=JobState.DEAD, reason="transient", finished_at=Now())
    Connection.objects.update(revive_since=Now() - timedelta(hours=2))
    first_ids = list(SyncJob.objects.order_by("id").values_list("id", flat=True)[: many - 1])

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            SyncJob.objects.filter(pk__in=first_ids).update(
                state=JobState.READY, reason="", finished_at=None, revivals=1
            )
            following = pool.submit(gone_on_elsewhere, connection)
            wait_for_lock()
        following.result(timeout=30)

    assert SyncJob.objects.filter(state=JobState.READY, revivals=1).count() == many
    connection.refresh_from_db()
    assert connection.revive_since is None


def gone_on_elsewhere(connection: Connection) -> None:
    try:
        revivals.revival_go_on(connection)
    finally:
        database.close()


def closed_elsewhere(connection: Connection) -> None:
    try:
        breaker.succeeded(connection)
    finally:
        database.close()


def test_vendor_silent_for_five_days_pauses_the_connection_once(connection: Connection) -> None:
    opened(connection)
    Connection.objects.update(outage_since=Now() - timedelta(hours=breaker.SILENT_HOURS, minutes=1))

    tasks.tick()
    tasks.tick()

    connection.refresh_from_db()
    assert connection.state == ConnectionState.PAUSED
    assert "has not answered for five days" in connection.attention
    alert = Alert.objects.get(kind="connection_silent")
    assert (alert.severity, alert.occurrences) == (Severity.URGENT, 1)


def test_vendor_silent_for_less_is_tried_on(connection: Connection) -> None:
    opened(connection)
    Connection.objects.update(outage_since=Now() - timedelta(hours=breaker.SILENT_HOURS - 1))

    tasks.tick()

    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE
    assert not Alert.objects.filter(kind="connection_silent").exists()
