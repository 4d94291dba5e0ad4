"""Times in words, as a reader in one time zone sees them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from crm.templatetags.moments import is_late, moment_in_full, moment_in_words

NOW = datetime(2026, 3, 12, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5, seconds=30), "5 min ago"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(hours=-11, minutes=-59), "in 11 h"),
        (timedelta(hours=14), "today"),
        (timedelta(hours=20), "yesterday"),
        (timedelta(days=-1), "tomorrow"),
        (timedelta(days=4), "4 d ago"),
        (timedelta(days=30), "10 Feb"),
        (timedelta(days=400), "5 Feb 2025"),
    ],
)
def test_moment_in_words_speaks_of_a_time(before: timedelta, words: str) -> None:
    assert moment_in_words(NOW - before, NOW) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 3, 12), "today"),
        (date(2026, 3, 13), "tomorrow"),
        (date(2026, 3, 15), "in 3 d"),
        (date(2027, 1, 2), "2 Jan 2027"),
    ],
)
def test_moment_in_words_speaks_of_a_day(day: date, words: str) -> None:
    assert moment_in_words(day, NOW) == words


def test_moment_in_full_tells_the_time_only_when_there_is_one() -> None:
    assert moment_in_full(date(2026, 3, 12)) == "March 12, 2026"
    assert moment_in_full(NOW) == "March 12, 2026, 3 p.m."


def test_is_late_waits_for_a_day_to_end() -> None:
    assert not is_late(NOW.date(), NOW)
    assert is_late(NOW.date() - timedelta(days=1), NOW)
    assert is_late(NOW - timedelta(seconds=1), NOW)
