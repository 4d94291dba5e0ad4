"""What each answer of a vendor does to the job and to its connection; time is moved, not slept."""

from __future__ import annotations

import pytest

from crm.models import Alert, User
from integrations.hub import connections
from integrations.hub.errors import Conflict
from integrations.hub.jobs import job_discard, job_replay
from integrations.hub.models import (
    Attempt,
    Connection,
    ConnectionState,
    GateReason,
    IntentOutcome,
    JobState,
    SyncJob,
    WriteIntent,
)
from integrations.hub.pump import pump
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import command_make, in_threads, time_passes
from tests.integrations.hub.echo import EchoVendor, status

pytestmark = pytest.mark.django_db(transaction=True)


def run_once() -> None:
    """One try of what is due; retries stay for later."""
    pump(budget_seconds=0)


def test_trouble_of_the_vendor_is_retried_five_times_then_dead(
    connection: Connection, vendor: EchoVendor
) -> None:
    job = command_make(connection)
    vendor.always = status(503)

    waits = []
    for _ in range(5):
        # The breaker has a test of its own; here it must not step in.
        Connection.objects.update(breaker_failures=0, window_calls=0, window_failures=0)
        run_once()
        job.refresh_from_db()
        attempt = Attempt.objects.order_by("-number").first()
        waits.append((job.run_at - attempt.started_at).total_seconds())
        time_passes(40)
    Connection.objects.update(breaker_failures=0, window_calls=0, window_failures=0)
    run_once()

    job.refresh_from_db()
    assert (job.state, job.reason, job.attempts) == (JobState.DEAD, "transient", 6)
    assert vendor.calls("/things") == 6
    assert len(vendor.keys()) == 1
    for waited, rung in zip(waits, (1, 2, 4, 8, 16), strict=True):
        assert rung * 0.79 <= waited <= rung * 1.21 + 1
    assert WriteIntent.objects.get().outcome == IntentOutcome.UNKNOWN


@pytest.mark.parametrize("code", [400, 402, 422])
def test_refusal_is_dead_at_once_with_the_vendors_words(
    connection: Connection, vendor: EchoVendor, code: int
) -> None:
    job = command_make(connection)
    vendor.always = status(code)

    run_once()

    job.refresh_from_db()
    assert (job.state, job.reason, job.last_error) == (JobState.DEAD, "invalid", "scripted")
    assert vendor.calls("/things") == 1
    assert WriteIntent.objects.get().outcome == IntentOutcome.REFUSED


def test_429_closes_the_connection_for_all_and_costs_no_attempt(
    connection: Connection, vendor: EchoVendor
) -> None:
    jobs = [command_make(connection) for _ in range(3)]
    vendor.script = [status(429, Retry_After="30")]

    pump(budget_seconds=30)

    connection.refresh_from_db()
    assert connection.gate_reason == GateReason.RATE
    assert vendor.calls("/things") == 1
    assert sum(job.attempts for job in SyncJob.objects.all()) == 0
    assert not Attempt.objects.get().is_counted

    time_passes(31)
    pump(budget_seconds=30)
    assert SyncJob.objects.filter(state=JobState.DONE).count() == len(jobs)


def test_401_stops_the_connection_with_one_alert_and_new_credentials_mend_it(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    for _ in range(10):
        command_make(connection)
    vendor.always = status(401)

    pump(budget_seconds=30)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.AUTH_FAILED
    assert "Enter new ones" in connection.attention
    alert = Alert.objects.get()
    assert (alert.occurrences, alert.connection_id) == (1, connection.pk)
    assert vendor.calls("/things") == 1
    assert set(SyncJob.objects.values_list("state", "attempts")) == {(JobState.READY, 0)}

    vendor.always = None
    report = connections.credentials_replace(
        connection, credentials={"api_key": echo.API_KEY}, actor=actor
    )
    pump(budget_seconds=30)

    assert report.is_ok
    assert SyncJob.objects.filter(state=JobState.DONE).count() == 10
    alert.refresh_from_db()
    assert alert.status == "resolved"


def test_late_refusal_of_replaced_credentials_changes_nothing(
    connection: Connection, vendor: EchoVendor
) -> None:
    command_make(connection)

    def replace_meanwhile(request: object) -> None:
        Connection.objects.update(token_version=2)
        vendor.always = None
        return status(401)(request)

    vendor.script = [replace_meanwhile]
    pump(budget_seconds=30)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE
    assert SyncJob.objects.get().state == JobState.DONE


def test_three_forbidden_records_in_a_row_stop_the_connection(
    connection: Connection, vendor: EchoVendor
) -> None:
    for _ in range(4):
        command_make(connection)
    vendor.always = status(403)

    pump(budget_seconds=30)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.AUTH_FAILED
    assert SyncJob.objects.filter(state=JobState.DEAD, reason="forbidden").count() == 3
    assert SyncJob.objects.filter(state=JobState.READY).count() == 1


def test_outage_opens_the_breaker_and_costs_no_job_its_life(
    connection: Connection, vendor: EchoVendor
) -> None:
    for _ in range(8):
        command_make(connection)
    vendor.always = status(500)

    pump(budget_seconds=30)
    connection.refresh_from_db()
    assert (connection.breaker_state, connection.breaker_seconds) == ("open", 30)
    assert vendor.calls("/things") == 5

    for _ in range(20):  # ten minutes of outage
        time_passes(30)
        pump(budget_seconds=30)

    connection.refresh_from_db()
    assert connection.breaker_seconds == 480
    assert vendor.calls("/things") <= 5 + 12
    assert not SyncJob.objects.filter(state=JobState.DEAD).exists()
    assert Alert.objects.get().kind == "connection_outage"

    vendor.always = None
    time_passes(600)
    pump(budget_seconds=30, until_idle=True)
    connection.refresh_from_db()
    assert connection.breaker_state == "closed"
    assert connection.gate_until is None
    assert SyncJob.objects.filter(state=JobState.DONE).count() == 8
    assert Alert.objects.get().status == "resolved"


def test_jobs_that_died_of_the_outage_are_revived_once_when_it_is_over(
    connection: Connection, vendor: EchoVendor
) -> None:
    first = command_make(connection)
    SyncJob.objects.filter(pk=first.pk).update(attempts=5)
    others = [command_make(connection) for _ in range(6)]
    vendor.always = status(500)
    pump(budget_seconds=30)
    first.refresh_from_db()
    assert first.state == JobState.DEAD

    vendor.always = None
    time_passes(60)
    pump(budget_seconds=30, until_idle=True)

    first.refresh_from_db()
    assert (first.state, first.generation, first.revivals) == (JobState.DONE, 2, 1)
    assert SyncJob.objects.filter(state=JobState.DONE).count() == 1 + len(others)
    assert len(vendor.things) == 7


def test_only_one_probe_goes_out_while_the_breaker_is_open(
    connection: Connection, vendor: EchoVendor
) -> None:
    for _ in range(8):
        command_make(connection)
    vendor.always = status(500)
    pump(budget_seconds=30)
    time_passes(31)
    before = vendor.calls("/things")

    in_threads(3, lambda number: pump(budget_seconds=0.5))

    assert vendor.calls("/things") == before + 1


def test_error_of_our_own_is_retried_and_kept_without_secrets(
    connection: Connection, vendor: EchoVendor
) -> None:
    job = command_make(connection, kind="broken")

    run_once()

    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.READY, 1)
    assert job.last_error_code.startswith("bug:")
    assert "ZeroDivisionError" in job.last_error
    assert echo.API_KEY not in job.last_error + Attempt.objects.get().message


def test_same_error_on_many_records_closes_the_gate_and_alerts_once(
    connection: Connection, vendor: EchoVendor
) -> None:
    for _ in range(25):
        command_make(connection, kind="broken")

    pump(budget_seconds=30)

    connection.refresh_from_db()
    assert connection.gate_reason == GateReason.BUG
    assert Attempt.objects.values("job").distinct().count() == 20
    assert Alert.objects.get().occurrences == 1


def test_replay_keeps_the_key_while_the_outcome_is_unknown(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    job = command_make(connection)
    SyncJob.objects.update(attempts=5)
    vendor.script = [status(500)]
    run_once()

    job_replay(job, actor=actor)
    run_once()

    job.refresh_from_db()
    assert (job.state, job.generation) == (JobState.DONE, 2)
    assert len(vendor.keys()) == 1


def test_replay_after_a_refusal_takes_a_new_key(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    job = command_make(connection)
    vendor.script = [status(422)]
    run_once()

    job_replay(job, actor=actor)
    run_once()

    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert len(vendor.keys()) == 2


def test_only_dead_jobs_are_replayed_or_given_up(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    job = command_make(connection)

    with pytest.raises(Conflict):
        job_replay(job, actor=actor)
    with pytest.raises(Conflict):
        job_discard(job, actor=actor)

    vendor.script = [status(422)]
    run_once()
    job_discard(job, actor=actor)
    job.refresh_from_db()
    assert job.state == JobState.DISCARDED
