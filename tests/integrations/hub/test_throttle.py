"""The shared limiter: never more calls than burst + rate times window, from all processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from integrations.hub import registry, throttle
from integrations.hub.errors import RateLimited
from integrations.hub.models import Connection, RateBucket
from integrations.hub.provider import RateLimit
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import in_threads, time_passes

pytestmark = pytest.mark.django_db(transaction=True)


def limited(*limits: RateLimit) -> None:
    registry.remove("echo")
    registry.add(replace(echo.provider, limits=limits))


def admitted_in(connection: Connection, seconds: float) -> list[float]:
    """The moments at which calls were let through."""
    moments = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if throttle.ask(connection).is_admitted:
            moments.append(time.monotonic())
        else:
            time.sleep(0.003)
    return moments


def test_limiter_never_admits_more_than_burst_and_rate(connection: Connection) -> None:
    limit = RateLimit("api", requests=50, seconds=1)  # 40 a second, burst 10
    limited(limit)
    throttle.ask(connection)

    results = in_threads(4, lambda number: admitted_in(connection, 1.5))
    moments = sorted(moment for result in results for moment in result)

    for window in (0.1, 0.5, 1.0):
        most = max(
            sum(1 for other in moments if start <= other < start + window) for start in moments
        )
        assert most <= limit.burst_size + window / limit.step_seconds + 1


def test_several_windows_are_charged_together_or_not_at_all(connection: Connection) -> None:
    limited(
        RateLimit("second", requests=1000, seconds=1), RateLimit("day", requests=3, seconds=86400)
    )
    assert throttle.ask(connection).is_admitted
    before = RateBucket.objects.get(key=f"{connection.pk}:second").tat

    verdict = throttle.ask(connection)

    assert not verdict.is_admitted
    assert verdict.wait_seconds > 10_000
    assert RateBucket.objects.get(key=f"{connection.pk}:second").tat == before


def test_take_waits_for_a_near_turn_and_refuses_a_far_one(connection: Connection) -> None:
    limited(RateLimit("api", requests=5, seconds=1))
    for _ in range(3):
        throttle.take(connection)
    limited(RateLimit("api", requests=5, seconds=3600))

    throttle.take(connection)

    with pytest.raises(RateLimited) as refused:
        throttle.take(connection, longest_wait=0.1)

    assert refused.value.is_local
    assert refused.value.after is not None


def test_refusal_of_the_vendor_closes_the_bucket_and_halves_the_pace(
    connection: Connection,
) -> None:
    throttle.block(connection, 30)

    assert 25 < throttle.ask(connection).wait_seconds <= 30
    throttle.block(connection, 1)
    assert throttle.ask(connection).wait_seconds > 25
    bucket = RateBucket.objects.get()
    assert bucket.pace == pytest.approx(0.25, abs=0.01)

    time_passes(600)
    assert throttle.ask(connection).is_admitted


def test_buckets_are_apart_for_each_connection(connection: Connection) -> None:
    other = Connection.objects.create(workspace=connection.workspace, provider="echo", name="other")
    throttle.block(connection, 30)

    assert throttle.ask(other).is_admitted


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    registry.remove("echo")
    registry.add(echo.provider)


def test_backfill_at_the_limit_leaves_room_for_what_somebody_waits_for(
    connection: Connection,
) -> None:
    limited(RateLimit("api", requests=100, seconds=1000))  # a burst of 20
    with throttle.background():
        behind = [throttle.ask(connection).is_admitted for _ in range(12)]
    before = [throttle.ask(connection).is_admitted for _ in range(12)]

    assert behind.count(True) == 10
    assert before.count(True) == 10
