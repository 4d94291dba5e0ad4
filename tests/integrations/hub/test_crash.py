"""kill -9 at each step of a real process; a second one finishes and does nothing twice."""

from __future__ import annotations

import signal

import pytest

from crm.models import Account
from integrations.hub.models import (
    AppliedFact,
    Attempt,
    Connection,
    InboxEvent,
    InboxState,
    IntentOutcome,
    JobState,
    SyncJob,
    SyncRecord,
    WriteIntent,
)
from tests.forked import Forked
from tests.integrations.hub.conftest import command_make, post_event, time_passes
from tests.integrations.hub.echo import EchoVendor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]


def worker_start(vendor: EchoVendor, fault: str = "", seconds: float = 10) -> Forked:
    """A worker process on the test's own database."""
    environment = {"NEXA_SANDBOX_URL": vendor.url, "HUB_FAULT": fault}
    return Forked("tests.integrations.hub.worker", seconds, **environment)


def worker_run(vendor: EchoVendor, fault: str = "") -> int:
    """Its exit code; -9 when it was killed."""
    return worker_start(vendor, fault).wait(180)


@pytest.mark.parametrize(
    ("point", "calls"),
    [("job.claimed", 1), ("push.after_api", 2), ("job.stored", 1)],
)
def test_worker_killed_in_a_command_leaves_exactly_one_thing(
    connection: Connection, vendor: EchoVendor, point: str, calls: int
) -> None:
    job = command_make(connection)

    assert worker_run(vendor, f"{point}:kill@1") == -signal.SIGKILL
    job.refresh_from_db()
    assert (job.state, job.claims, job.attempts) == (JobState.LEASED, 1, 0)
    time_passes(61)
    assert worker_run(vendor) == 0

    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert vendor.calls("/things") == calls
    assert len(vendor.keys()) == len(vendor.things) == 1
    assert SyncRecord.objects.get().external_id == "thing_1"
    assert WriteIntent.objects.get().outcome == IntentOutcome.APPLIED
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize("point", ["inbox.claimed", "inbox.applied"])
def test_worker_killed_in_an_event_applies_it_once(
    connection: Connection, vendor: EchoVendor, point: str
) -> None:
    post_event(connection, {"id": "evt_1", "kind": "account.made", "name": "Acme"})

    assert worker_run(vendor, f"{point}:kill@1") == -signal.SIGKILL
    time_passes(61)
    assert worker_run(vendor) == 0

    assert InboxEvent.objects.get().state == InboxState.DONE
    assert Account.objects.count() == AppliedFact.objects.count() == 1


def test_job_that_kills_every_worker_is_set_aside_and_the_others_go_on(
    connection: Connection, vendor: EchoVendor
) -> None:
    poison = command_make(connection)
    other = command_make(connection)
    SyncJob.objects.filter(pk=other.pk).update(sort_at=other.sort_at.replace(year=2100))
    for _ in range(3):
        assert worker_run(vendor, "push.after_api:kill@1") == -signal.SIGKILL
        time_passes(61)
    assert worker_run(vendor) == 0

    poison.refresh_from_db()
    other.refresh_from_db()
    assert (poison.state, poison.reason) == (JobState.DEAD, "crashes_worker")
    assert other.state == JobState.DONE


def test_error_inside_our_own_commit_repeats_the_call_with_the_same_key(
    connection: Connection, vendor: EchoVendor
) -> None:
    job = command_make(connection)

    worker_run(vendor, "push.after_api:raise@1")

    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert vendor.calls("/things") == 2
    assert len(vendor.things) == 1
