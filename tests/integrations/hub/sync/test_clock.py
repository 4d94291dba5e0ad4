"""The vendor's clock is read off its answers, by the database's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import time_machine

from integrations.hub.clock import date_noted
from integrations.hub.models import Connection
from tests.integrations.hub.mirror_calls import account_info
from tests.integrations.hub.mirror_vendor import MirrorVendor

pytestmark = pytest.mark.django_db


def date_in(minutes: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)


def offset_minutes(connection: Connection) -> float:
    connection.refresh_from_db()
    return round(connection.clock_offset_ms / 60_000, 1)


@pytest.mark.parametrize("minutes", [-5, 5])
def test_answer_tells_the_vendors_clock(
    connection: Connection, mirror: MirrorVendor, minutes: int
) -> None:
    mirror.rules.offset = timedelta(minutes=minutes)

    account_info(connection)

    assert offset_minutes(connection) == minutes


def test_clock_that_was_set_right_is_known_again(connection: Connection) -> None:
    date_noted(connection, date_in(5))
    date_noted(connection, date_in(0))

    assert offset_minutes(connection) == 0


def test_small_differences_cost_nothing(
    connection: Connection, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        date_noted(connection, date_in(0.03))

    assert connection.clock_offset_ms == 0


def test_wrong_clock_of_a_worker_is_not_taken_for_the_vendors(connection: Connection) -> None:
    right = date_in(0)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10)):
        date_noted(connection, right)

    assert offset_minutes(connection) == 0


@pytest.mark.parametrize("date", ["", None, "yesterday", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_date_that_says_nothing_is_passed_over(connection: Connection, date: str | None) -> None:
    date_noted(connection, date)

    assert offset_minutes(connection) == 0
