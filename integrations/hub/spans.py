"""The slots of time that charts show; hour, day and month begin where they do for who looks."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

HOURS, DAYS, MONTHS = "hours", "days", "months"
# Jobs that are done, and with them their tries, are forgotten after a week: months are those of
# the hourly figures.
COUNTS: Final = {HOURS: 24, DAYS: 7, MONTHS: 13}
WORDS: Final = {HOURS: "24 hours", DAYS: "7 days", MONTHS: "13 months"}
UNITS: Final = {HOURS: "hour", DAYS: "day", MONTHS: "month"}

# What a statement answered of each slot in which something happened, by its beginning.
Rows = Mapping[datetime.datetime, Sequence[float]]


@dataclass(frozen=True)
class Span:
    """The slots of time that are looked at: their beginnings and how they are called."""

    name: str
    starts: tuple[datetime.datetime, ...]

    @property
    def values(self) -> dict[str, Any]:
        """For the statements."""
        return {
            "since": self.starts[0],
            "unit": UNITS[self.name],
            "zone": timezone.get_current_timezone_name(),
        }

    @property
    def labels(self) -> list[str]:
        if self.name == HOURS:
            return [f"{one:%H:%M}" for one in self.starts]
        if self.name == MONTHS:
            return [f"{one:%b %Y}" for one in self.starts]
        return [f"{one.day} {one:%b}" for one in self.starts]

    def column(self, rows: Rows, place: int) -> tuple[float, ...]:
        """One column of a statement's answer, with zeros where nothing happened."""
        return tuple(float(rows[one][place]) if one in rows else 0.0 for one in self.starts)


def span_of(name: str) -> Span:
    """The last hours, days or months up to now; of an unknown name, the days."""
    zone, now = timezone.get_current_timezone(), timezone.localtime()
    if name == HOURS:
        last = now.replace(minute=0, second=0, microsecond=0).astimezone(datetime.UTC)
        starts = [last - datetime.timedelta(hours=back) for back in range(COUNTS[HOURS])]
        return Span(HOURS, tuple(one.astimezone(zone) for one in reversed(starts)))
    midnight = datetime.time(tzinfo=zone)
    if name == MONTHS:
        count = now.year * 12 + now.month - 1
        months = [divmod(count - back, 12) for back in range(COUNTS[MONTHS])]
        dates = [datetime.date(year, month + 1, 1) for year, month in months]
    else:
        name = DAYS
        dates = [now.date() - datetime.timedelta(days=back) for back in range(COUNTS[DAYS])]
    return Span(name, tuple(datetime.datetime.combine(one, midnight) for one in reversed(dates)))
