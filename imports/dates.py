"""Reads the dates people and programs write; the order of day and month is asked, never guessed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from imports.choices import DateOrder

NUMERIC: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?:[ ,T]+(.+))?")
WRITTEN: Final = (
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%Y/%m/%d",
)
CLOCK: Final = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S.%f")


class AmbiguousDate(ValueError):
    """Day and month could be either way round."""


def order_detect(values: Iterable[str]) -> DateOrder | None:
    """The order the values prove, UNKNOWN where they leave it open, None without such dates."""
    first_over, second_over, seen = False, False, False
    for value in values:
        match = NUMERIC.fullmatch(value.strip())
        if match is None:
            continue
        seen = True
        first_over |= int(match[1]) > 12
        second_over |= int(match[2]) > 12
    if not seen:
        return None
    if first_over == second_over:
        return DateOrder.UNKNOWN
    return DateOrder.DAY_FIRST if first_over else DateOrder.MONTH_FIRST


@lru_cache(maxsize=10_000)
def moment_parse(text: str, order: str, zone_name: str) -> datetime.datetime:
    """The time in UTC; a date alone is its noon, so that no zone moves it to another day.

    Raises AmbiguousDate, or ValueError for what is no date.
    """
    zone = ZoneInfo(zone_name)
    moment = _iso(text) or _numeric(text, order) or _written(text)
    if moment is None:
        raise ValueError(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(datetime.UTC)


def _iso(text: str) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(hour=12) if len(text) <= 10 else moment


def _numeric(text: str, order: str) -> datetime.datetime | None:
    match = NUMERIC.fullmatch(text)
    if match is None:
        return None
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    if first > 12 or second > 12 or first == second:
        is_day_first = first > 12 or (second <= 12)
    elif order:
        is_day_first = order == DateOrder.DAY_FIRST
    else:
        raise AmbiguousDate(text)
    day, month = (first, second) if is_day_first else (second, first)
    year += 0 if len(match[3]) == 4 else 2000 if year < 70 else 1900
    return _with_clock(datetime.date(year, month, day), match[4] or "")


def _written(text: str) -> datetime.datetime | None:
    for form in WRITTEN:
        try:
            date = datetime.datetime.strptime(text, form).date()  # noqa: DTZ007  (zone follows)
        except ValueError:
            continue
        return _with_clock(date, "")
    return None


def _with_clock(date: datetime.date, clock: str) -> datetime.datetime:
    if not clock:
        return datetime.datetime.combine(date, datetime.time(12))
    for form in CLOCK:
        try:
            time = datetime.datetime.strptime(clock.strip().upper(), form).time()  # noqa: DTZ007
        except ValueError:
            continue
        return datetime.datetime.combine(date, time)
    raise ValueError(clock)
