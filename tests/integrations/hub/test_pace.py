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
from integrations.hub import jobs, pace, registry
from integrations.hub.http import session_for
from integrations.hub.http.session import shortest_timeout
from integrations.hub.models import Connection, SyncJob
from integrations.hub.provider import Provider
from integrations.hub.pump import BUDGET_SECONDS
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


def test_task_outlives_a_pump_and_the_last_call_it_began() -> None:
    longest = BUDGET_SECONDS + pace.CONNECT_SECONDS + pace.LONGEST_READ_SECONDS

    assert longest <= TASK_TIMEOUT_SECONDS
