"""The limiter between real processes, and the sequences that its model checker has found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from crm.models import Workspace
from integrations.hub import registry, throttle
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection
from integrations.hub.provider import RateLimit
from tests import factories
from tests.forked import Forked
from tests.integrations.hub.conftest import time_passes
from tests.integrations.hub.queue import vendor
from tests.integrations.hub.queue.caller import LIMITS
from tests.integrations.hub.queue.calls import Call, windows_check
from tests.integrations.hub.queue.processes import CALLER

pytestmark = pytest.mark.django_db(transaction=True)

PROCESSES = 4
SECONDS = 4.0


@pytest.fixture(autouse=True)
def scripted_provider() -> Iterator[None]:
    with vendor.installed():
        yield


@pytest.fixture
def limited(workspace: Workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace,
        provider=vendor.PROVIDER_ID,
        name=factories.unique("Limited"),
        credentials=Secrets({}),
    )


@pytest.mark.cluster
def test_processes_together_keep_every_window(limited: Connection) -> None:
    callers = [Forked(CALLER, limited.pk, SECONDS) for _ in range(PROCESSES)]
    answers = [caller.communicate(timeout=180) for caller in callers]
    calls = [Call(*pair) for answer in answers for pair in json.loads(answer)]

    for limit in LIMITS:
        windows_check(calls, limit)
    # What it may admit it does admit, and every process has its share.
    seconds = max(call.latest for call in calls) - min(call.earliest for call in calls)
    assert len(calls) >= 0.6 * min(seconds / limit.step_seconds for limit in LIMITS)
    assert all(json.loads(answer) for answer in answers)


def test_slower_pace_lets_no_more_calls_through_at_once(limited: Connection) -> None:
    registry.remove(vendor.PROVIDER_ID)
    minute = RateLimit("minute", requests=30, seconds=60)  # a call in 2.5 s, 6 at once
    registry.add(replace(vendor.provider, limits=(minute,)))
    assert all(throttle.ask(limited).is_admitted for _ in range(4))

    throttle.block(limited, 0.5)
    time_passes(0.6)

    assert [throttle.ask(limited).is_admitted for _ in range(4)].count(True) <= 2


def test_wait_that_is_told_is_long_enough_while_the_pace_recovers(limited: Connection) -> None:
    registry.remove(vendor.PROVIDER_ID)
    hours = RateLimit("hours", requests=40, seconds=4000, burst=3)
    registry.add(replace(vendor.provider, limits=(hours,)))
    throttle.block(limited, 0.5)
    time_passes(1)
    while (verdict := throttle.ask(limited)).is_admitted:
        pass

    time_passes(verdict.wait_seconds + 0.01)

    assert throttle.ask(limited).is_admitted
