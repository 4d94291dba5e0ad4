"""The vendor is away for ten minutes, in three ways: nothing dies, and it is hardly called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from integrations.hub import jobs, registry
from integrations.hub.models import Attempt, BreakerState, Connection, JobState, SyncJob
from integrations.hub.pump import pump
from nexa.supervisor.ports import port_anywhere
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import time_passes
from tests.integrations.hub.echo import EchoVendor, slow_down, status
from tests.integrations.hub.queue.processes import accounts_make, is_all_done, pushes, states

pytestmark = pytest.mark.django_db(transaction=True)

RECORDS = 40
STEP_SECONDS = 5
MINUTES_10 = 600
MOST_PROBES = 12


@contextmanager
def impatient() -> Iterator[None]:
    """The provider's calls give up after a moment, so that a time-out takes no 20 s here."""
    registry.remove("echo")
    registry.add(replace(echo.provider, read_seconds=lambda connection: 0.2))
    try:
        yield
    finally:
        registry.remove("echo")
        registry.add(echo.provider)


def test_outage_of_ten_minutes_kills_no_job_and_is_hardly_probed(
    connection: Connection, vendor: EchoVendor, settings: Any
) -> None:
    records = accounts_make(connection.workspace, RECORDS)
    jobs.dirty(connection.pk, "account", records)
    reachable = settings.NEXA_SANDBOX_URL

    with impatient():
        for second in range(0, MINUTES_10, STEP_SECONDS):
            if second < MINUTES_10 / 3:
                vendor.always = status(503)
            elif second < 2 * MINUTES_10 / 3:
                vendor.always = slow_down(0.5)
            else:
                settings.NEXA_SANDBOX_URL = f"http://127.0.0.1:{port_anywhere()}"
            pump(0)
            assert JobState.DEAD not in states()
            time_passes(STEP_SECONDS)
        connection.refresh_from_db()
        assert connection.breaker_state == BreakerState.OPEN
        # A probe's failure is not charged to its job.
        assert Attempt.objects.filter(is_counted=False).count() <= MOST_PROBES
        assert Attempt.objects.count() <= MOST_PROBES + 5
        settings.NEXA_SANDBOX_URL, vendor.always = reachable, None
        for _ in range(30):
            time_passes(60)
            pump(2)
            if is_all_done():
                break

    connection.refresh_from_db()
    assert is_all_done(), states()
    assert connection.breaker_state == BreakerState.CLOSED
    assert set(pushes(vendor)) == {f"/accounts/{pk}" for pk in records}
    assert not SyncJob.objects.filter(attempts__gt=5).exists()
