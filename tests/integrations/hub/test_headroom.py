"""What a vendor says is left of a limit lowers our own view of it, and never raises it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from integrations.hub import headroom, registry, throttle
from integrations.hub.models import Connection
from integrations.hub.provider import RateLimit
from tests.integrations.hub import echo

pytestmark = pytest.mark.django_db(transaction=True)

SECOND, DAY = "X-Left", "X-Left-Today"


@pytest.fixture(autouse=True)
def limited() -> Iterator[None]:
    """Bursts of 20 and of 100; too slow for a test to see the first fill again."""
    registry.remove("echo")
    limits = (
        RateLimit("api", requests=100, seconds=1000, left_header=SECOND),
        RateLimit("day", requests=500, seconds=86_400, left_header=DAY),
    )
    registry.add(replace(echo.provider, limits=limits))
    yield
    registry.remove("echo")
    registry.add(echo.provider)


def admitted(connection: Connection, tries: int = 60) -> int:
    return sum(throttle.ask(connection).is_admitted for _ in range(tries))


@pytest.mark.parametrize(
    ("headers", "most"),
    [
        ({SECOND: "7"}, 7),
        ({SECOND: "0"}, 0),
        ({SECOND: "5", DAY: "12"}, 5),
        ({SECOND: "20", DAY: "100"}, 19),  # more than what is left of our own is no news
        ({}, 19),
        ({SECOND: ""}, 19),
        ({SECOND: "-4"}, 19),
        ({SECOND: "many"}, 19),
        ({SECOND: "9" * 400}, 19),
        ({SECOND: "²"}, 19),
    ],
)
def test_no_more_calls_go_out_than_the_vendor_has_left(
    connection: Connection, headers: dict[str, str], most: int
) -> None:
    throttle.take(connection)

    headroom.noted(connection, headers)

    assert admitted(connection) == most


def test_what_is_left_never_raises_our_view(connection: Connection) -> None:
    throttle.take(connection)
    headroom.noted(connection, {SECOND: "2"})

    headroom.noted(connection, {SECOND: "15"})

    assert admitted(connection) == 2


def test_background_work_waits_while_the_vendor_has_little_left(connection: Connection) -> None:
    throttle.take(connection)

    headroom.noted(connection, {SECOND: "9"})

    with throttle.background():
        assert admitted(connection) == 0
    assert admitted(connection) == 9


def test_day_that_is_used_up_holds_background_work_back_for_minutes_and_nobody_else(
    connection: Connection,
) -> None:
    throttle.take(connection)

    headroom.noted(connection, {DAY: "0"})

    with throttle.background():
        behind = throttle.ask(connection)
    assert not behind.is_admitted
    assert behind.wait_seconds <= headroom.LONGEST_PAUSE_SECONDS
    assert throttle.ask(connection).is_admitted


def test_answer_with_enough_left_costs_no_query(
    connection: Connection, django_assert_num_queries
) -> None:
    with django_assert_num_queries(0):
        headroom.noted(connection, {SECOND: "99", DAY: "150"})
