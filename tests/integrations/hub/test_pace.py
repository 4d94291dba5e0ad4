"""How one connection is worked with: time-outs and leases that fit, its own retries, what first."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db.models import F

from crm.models import Workspace
from crm.services.accounts import account_create
from crm.services.origin import Origin
from integrations.hub import jobs, pace, registry
from integrations.hub.http import session_for
from integrations.hub.http.session import shortest_timeout
from integrations.hub.models import Connection, JobState, SyncJob
from integrations.hub.provider import Provider
from integrations.hub.pump import BUDGET_SECONDS, pump
from nexa.configuration import TASK_TIMEOUT_SECONDS
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import command_make, connection_make

pytestmark = pytest.mark.django_db(transaction=True)


def paced(**changes: Any) -> Provider:
    return replace(echo.provider, id="paced", **changes)


@pytest.fixture
def slow(workspace: Workspace) -> Iterator[Connection]:
    """A connection whose settings say how long its vendor may take."""
    registry.add(paced(read_seconds=lambda connection: connection.settings["seconds"]))
    yield connection_make(workspace, provider="paced", settings={"seconds": 45})
    registry.remove("paced")


def test_connection_may_wait_longer_than_others_and_not_for_ever(
    slow: Connection, connection: Connection
) -> None:
    assert pace.read_seconds(connection) == pace.READ_SECONDS
    assert pace.read_seconds(slow) == 45
    slow.settings["seconds"] = 3600
    assert pace.read_seconds(slow) == pace.LONGEST_READ_SECONDS
    assert shortest_timeout(80, pace.read_seconds(slow)) == (5.0, 60.0)


def test_connection_may_wait_less(slow: Connection, settings: Any) -> None:
    slow.settings["seconds"] = 0.3
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.NEXA_SANDBOX_URL = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()

        with pytest.raises(requests.Timeout):
            session_for(slow).get(f"{echo.HOST}/account")

        assert time.monotonic() - started < 10


def test_lease_outlives_the_longest_call(slow: Connection, connection: Connection) -> None:
    assert pace.lease_seconds(connection) == 60
    assert pace.lease_seconds(slow) >= pace.CONNECT_SECONDS + 45 + pace.LEASE_MARGIN_SECONDS
    slow.settings["seconds"] = 0.1
    assert pace.lease_seconds(slow) >= 60


def test_renewal_before_a_call_is_as_long_as_the_call_may_take(slow: Connection) -> None:
    command_make(slow)
    claimed = jobs.claim(slow.pk)
    assert claimed is not None

    jobs.renew(claimed)

    wanted = F("created_at") + timedelta(seconds=84)
    assert SyncJob.objects.filter(lease_until__gt=wanted).exists()


# --- Retries ------------------------------------------------------------------------------------


@pytest.fixture
def stubborn(workspace: Workspace, vendor: echo.EchoVendor) -> Iterator[Connection]:
    """A connection that is tried as often as its settings say."""
    registry.add(paced(retry_delays=lambda connection: tuple(connection.settings["delays"])))
    yield connection_make(workspace, provider="paced")
    registry.remove("paced")


def tried(stubborn: Connection, delays: list[float]) -> SyncJob:
    """The job after one try that the vendor did not answer well."""
    Connection.objects.filter(pk=stubborn.pk).update(settings={"delays": delays})
    job = command_make(stubborn)
    pump(0)
    job.refresh_from_db()
    return job


def test_first_retry_waits_as_the_connection_says(
    stubborn: Connection, vendor: echo.EchoVendor
) -> None:
    vendor.always = echo.status(500)

    job = tried(stubborn, [600.0])

    waited = job.run_at - job.attempt_rows.get().started_at
    assert job.state == JobState.READY
    assert 450 < waited.total_seconds() < 750


def test_connection_without_retries_gives_up_after_the_first_try(
    stubborn: Connection, vendor: echo.EchoVendor
) -> None:
    vendor.always = echo.status(500)

    job = tried(stubborn, [])

    assert (job.state, job.reason, job.attempts) == (JobState.DEAD, "transient", 1)


def test_retries_are_bounded(stubborn: Connection) -> None:
    stubborn.settings["delays"] = [2.0**number for number in range(40)]

    delays = pace.retry_delays(stubborn)

    assert len(delays) == pace.MOST_RETRIES
    assert max(delays) == pace.LONGEST_DELAY_SECONDS


# --- What goes first ----------------------------------------------------------------------------


@pytest.fixture
def ranked(workspace: Workspace) -> Iterator[Connection]:
    """A connection whose settings rank accounts and commands."""
    registry.add(paced(priority=lambda connection, kind, fields: connection.settings[kind]))
    ranks = {"account": "low", "thing_create": "medium"}
    yield connection_make(workspace, provider="paced", settings=ranks)
    registry.remove("paced")


def test_changed_record_and_command_take_the_rank_that_the_connection_gives(
    ranked: Connection, connection: Connection, origin: Origin
) -> None:
    account = account_create(workspace=ranked.workspace, values={"name": "A"}, origin=origin)
    command_make(ranked, account)
    command_make(connection, account)

    found = SyncJob.objects.values_list("connection", "kind", "head_start_seconds")

    assert set(found) == {
        (ranked.pk, "push", 0),
        (ranked.pk, "command", 120),
        (connection.pk, "push", 300),
        (connection.pk, "command", 300),
    }


def test_higher_rank_is_claimed_first_though_it_came_later(
    ranked: Connection, origin: Origin
) -> None:
    account = account_create(workspace=ranked.workspace, values={"name": "A"}, origin=origin)
    later = command_make(ranked)

    claimed = jobs.claim(ranked.pk)

    assert claimed is not None
    assert claimed.job == later
    assert SyncJob.objects.get(state=JobState.READY).record_id == account.pk


def test_many_records_at_once_stand_behind_whatever_their_rank(connection: Connection) -> None:
    assert pace.head_start(connection, "account", count=20) == 300
    assert pace.head_start(connection, "account", count=21) == -60


# --- The task -----------------------------------------------------------------------------------


def test_task_outlives_a_pump_and_the_last_call_it_began() -> None:
    longest = BUDGET_SECONDS + pace.CONNECT_SECONDS + pace.LONGEST_READ_SECONDS

    assert longest <= TASK_TIMEOUT_SECONDS
