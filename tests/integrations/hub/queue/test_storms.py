"""Storms: refusals for too many calls, workers that freeze, deploys under load, many writers."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from werkzeug.wrappers import Request, Response

from crm.models import Account, Workspace
from crm.services.accounts import account_update
from integrations.hub import jobs, retention, throttle
from integrations.hub.models import (
    Attempt,
    Connection,
    GateReason,
    JobState,
    NamedLease,
    SyncJob,
    SyncRecord,
)
from integrations.hub.provider import RateLimit
from integrations.hub.pump import pump
from tests.factories import TEST_ORIGIN
from tests.integrations.hub.conftest import command_make, in_threads, time_passes
from tests.integrations.hub.echo import EchoVendor, slow_down, status
from tests.integrations.hub.queue.calls import Call, windows_check
from tests.integrations.hub.queue.processes import (
    accounts_make,
    eventually,
    is_all_done,
    pushes,
    states,
    workers,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.cluster,
    pytest.mark.prove,
]

IS_LONG = bool(os.environ.get("NEXA_PROVE_EXAMPLES"))
STORM_JOBS = 400 if IS_LONG else 80
DEPLOYS = 50 if IS_LONG else 2
# What we believe the vendor allows, and what it does allow.
BELIEVED = RateLimit("api", requests=50, seconds=1, burst=10)
ALLOWED_A_SECOND = 12


class StrictVendor:
    """Answers 429 with a time to wait when a second has had its calls."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.second = (0, 0)
        self.refused: list[float] = []

    def __call__(self, request: Request) -> Response | None:
        now = time.monotonic()
        with self.lock:
            second, count = self.second
            count = count + 1 if second == int(now) else 1
            self.second = (int(now), count)
            if count <= ALLOWED_A_SECOND:
                return None
            self.refused.append(now)
        return Response('{"message": "too many"}', 429, headers={"Retry-After": "1"})


def test_storm_of_refusals_costs_no_attempt_and_every_worker_waits(
    connection: Connection, vendor: EchoVendor
) -> None:
    strict = StrictVendor()
    vendor.always = strict
    jobs.dirty(connection.pk, "account", accounts_make(connection.workspace, STORM_JOBS))

    limit = f"{BELIEVED.requests}/{BELIEVED.seconds}/{BELIEVED.burst}"
    with workers(vendor, "hubworker", count=4, NEXA_TEST_LIMIT=limit):
        assert eventually(is_all_done, 400, each=0.5), states()

    assert strict.refused
    assert set(SyncJob.objects.values_list("attempts", flat=True)) == {0}
    moments = [seen[4] for seen in vendor.requests]
    windows_check([Call(at - 0.25, at + 0.25) for at in moments], BELIEVED)
    for refused in strict.refused:
        # Only calls that were under way when the vendor refused, one of each worker at most.
        meanwhile = [at for at in moments if refused + 0.3 < at < refused + 0.9]
        assert len(meanwhile) <= 4


def test_refusal_without_a_time_closes_the_connection_for_a_minute(
    connection: Connection, vendor: EchoVendor
) -> None:
    vendor.script = [status(429)]
    jobs.dirty(connection.pk, "account", accounts_make(connection.workspace, 10))

    pump(2)
    calls = len(vendor.requests)
    connection.refresh_from_db()
    verdict = throttle.ask(connection)
    pump(1)

    assert connection.gate_reason == GateReason.RATE
    assert 50 < verdict.wait_seconds <= 60
    assert len(vendor.requests) == calls <= 2
    time_passes(61)
    pump(30)
    assert is_all_done()
    assert set(SyncJob.objects.values_list("attempts", flat=True)) == {0}


def test_worker_that_freezes_past_its_lease_writes_nothing_and_makes_nothing_twice(
    connection: Connection, vendor: EchoVendor
) -> None:
    command_make(connection)
    vendor.script = [slow_down(4)]

    with workers(vendor, "hubworker") as (frozen,):
        assert eventually(lambda: bool(vendor.requests), 60, each=0.02)
        os.killpg(frozen.pid, signal.SIGSTOP)
        time_passes(200)
        assert pump(60) == 1
        finished = SyncJob.objects.values().get()
        os.killpg(frozen.pid, signal.SIGCONT)
        frozen.send_signal(signal.SIGTERM)
        assert frozen.wait(60) == 0

    assert SyncJob.objects.values().get() == finished
    assert finished["state"] == JobState.DONE
    assert Attempt.objects.count() == SyncRecord.objects.count() == 1
    assert vendor.calls("/things") == 2
    assert len(vendor.things) == len(vendor.keys()) == 1


def test_deploys_under_load_lose_nothing_and_send_nothing_twice(
    connection: Connection, vendor: EchoVendor
) -> None:
    # More than two workers send in the 5 s that a stopped one may still work.
    records = accounts_make(connection.workspace, DEPLOYS * 300)
    vendor.always = slow_down(0.05)
    jobs.dirty(connection.pk, "account", records)

    for _ in range(DEPLOYS):
        before = len(vendor.requests)
        with workers(vendor, "hubworker", count=2) as deployed:
            assert eventually(lambda seen=before: len(vendor.requests) > seen + 20, 60)
            for worker in deployed:
                worker.send_signal(signal.SIGTERM)
            # One that had only begun to start ends of the signal itself.
            assert {worker.wait(60) for worker in deployed} <= {0, -signal.SIGTERM}
        # Nothing is left in a stopped worker's hands.
        assert not SyncJob.objects.filter(state=JobState.LEASED).exists()
    vendor.always = None
    with workers(vendor, "hubworker", count=2):
        assert eventually(is_all_done, 300, each=0.5), states()

    sent = pushes(vendor)
    assert set(sent) == {f"/accounts/{pk}" for pk in records}
    assert set(sent.values()) == {1}


def test_many_writers_beside_the_workers_meet_no_database_error(
    connection: Connection, vendor: EchoVendor, workspace: Workspace
) -> None:
    records = accounts_make(workspace, 4)

    def writes(number: int) -> int:
        for turn in range(15):
            account = Account.objects.get(pk=records[(number + turn) % len(records)])
            values = {"name": f"by {number} in {turn}"}
            account_update(account, values=values, origin=TEST_ORIGIN)
        return number

    with workers(vendor, "hubworker", count=2):
        assert sorted(in_threads(8, writes)) == list(range(8))
        assert eventually(is_settled, 120, each=0.5), states()

    # The vendor has what we have.
    for account in Account.objects.filter(pk__in=records):
        last = [seen[3] for seen in vendor.requests if seen[1] == f"/accounts/{account.pk}"][-1]
        assert account.name in last


def test_retention_under_load_forgets_old_work_only(
    connection: Connection, vendor: EchoVendor
) -> None:
    old = accounts_make(connection.workspace, 300)
    jobs.dirty(connection.pk, "account", old)
    while held := jobs.claim_many(connection, 50):
        jobs.complete([jobs.Completed(one.job.pk, one.token, 1, 0.0) for one in held])
    month = Now() - timedelta(days=40)
    SyncJob.objects.update(finished_at=month, created_at=month)
    Attempt.objects.update(started_at=month)
    records = accounts_make(connection.workspace, 120)
    jobs.dirty(connection.pk, "account", records)

    with workers(vendor, "hubworker", count=2):
        assert eventually(lambda: pruned() and is_forgotten(old), 60)
        assert eventually(lambda: pruned() and is_all_done(), 60), states()

    assert set(SyncJob.objects.values_list("record_id", flat=True)) == set(records)
    assert Attempt.objects.count() == len(records)
    assert set(pushes(vendor).values()) == {1}


def pruned() -> bool:
    """A round of retention, which else comes each ten minutes."""
    NamedLease.objects.filter(name="retention").delete()
    retention.prune()
    return True


def is_forgotten(records: list[int]) -> bool:
    return not SyncJob.objects.filter(record_id__in=records).exists()


def is_settled() -> bool:
    return set(states()) <= {JobState.DONE, JobState.SUPERSEDED}
