"""Renewal in real processes: many at once, and kill -9 before the call and before the save."""

from __future__ import annotations

import hashlib
import json
import signal
import time

import pytest
from werkzeug.wrappers import Request

from crm.models import Alert
from integrations.hub.models import Connection, ConnectionState, JobState, SyncJob
from tests.forked import Forked
from tests.integrations.hub.conftest import command_make, time_passes
from tests.integrations.hub.oauth.acme import AcmeVendor
from tests.integrations.hub.oauth.conftest import token_ended

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]
LEASE_SECONDS = 91


def process_start(vendor: AcmeVendor, *words: str, fault: str = "") -> Forked:
    """A process on the test's own database."""
    environment = {"NEXA_SANDBOX_URL": vendor.url, "HUB_FAULT": fault}
    return Forked("tests.integrations.hub.oauth.worker", *words, **environment)


def pump_run(vendor: AcmeVendor, fault: str = "") -> int:
    """Its exit code; -9 when it was killed."""
    return process_start(vendor, "pump", "1", fault=fault).wait(180)


def slowly(request: Request) -> None:
    """So slow that all the others come while it is being answered."""
    time.sleep(2)


@pytest.fixture
def ended(connection: Connection, vendor: AcmeVendor) -> Connection:
    return token_ended(connection, vendor)


def test_threads_of_several_processes_share_one_renewal(
    ended: Connection, vendor: AcmeVendor
) -> None:
    vendor.token_script = [slowly]

    running = [process_start(vendor, "tokens", str(ended.pk), "10") for _ in range(3)]
    given = [json.loads(process.communicate(timeout=180)) for process in running]

    now = Connection.objects.get()
    expected = hashlib.sha256(now.secret("access_token").encode()).hexdigest()
    assert vendor.refreshes == 1
    assert {one for told in given for one in told} == {expected}
    assert now.token_version == 2


def test_process_killed_before_the_call_leaves_it_to_the_next(
    ended: Connection, vendor: AcmeVendor
) -> None:
    job = command_make(ended)

    assert pump_run(vendor, "refresh.before_call:kill@1") == -signal.SIGKILL
    assert vendor.refreshes == 0
    assert Connection.objects.get().refresh_started_at is not None
    time_passes(LEASE_SECONDS)
    assert pump_run(vendor) == 0

    job.refresh_from_db()
    assert (job.state, vendor.refreshes) == (JobState.DONE, 1)


def test_nobody_renews_while_the_lease_of_a_killed_process_lasts(
    ended: Connection, vendor: AcmeVendor
) -> None:
    command_make(ended)
    pump_run(vendor, "refresh.before_call:kill@1")
    SyncJob.objects.update(state=JobState.READY, lease_token=None, lease_until=None)

    assert pump_run(vendor) == 0

    assert vendor.refreshes == 0
    assert SyncJob.objects.get().attempts == 0


def test_process_killed_before_the_save_ends_in_one_alert_and_no_crash(
    ended: Connection, vendor: AcmeVendor
) -> None:
    """The vendor has rotated, and takes the second use of the old token for theft."""
    job = command_make(ended)

    assert pump_run(vendor, "refresh.after_call:kill@1") == -signal.SIGKILL
    for _ in range(3):
        time_passes(LEASE_SECONDS)
        assert pump_run(vendor) == 0

    job.refresh_from_db()
    assert vendor.refreshes == 2
    assert Connection.objects.get().state == ConnectionState.AUTH_FAILED
    assert (job.state, job.attempts) == (JobState.READY, 0)
    assert Alert.objects.get().occurrences == 1


def test_vendor_with_grace_forgives_a_process_killed_before_the_save(
    ended: Connection, vendor: AcmeVendor
) -> None:
    vendor.has_grace = True
    job = command_make(ended)

    assert pump_run(vendor, "refresh.after_call:kill@1") == -signal.SIGKILL
    time_passes(LEASE_SECONDS)
    assert pump_run(vendor) == 0

    job.refresh_from_db()
    assert (job.state, vendor.refreshes) == (JobState.DONE, 2)
    assert not Alert.objects.exists()
