"""The slots of time that charts show; an hour or a day begins where it begins for who looks."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

HOURS, DAYS = "hours", "days"
# Jobs that are done, and with them their tries, are forgotten after a week.
COUNTS: Final = {HOURS: 24, DAYS: 7}
WORDS: Final = {HOURS: "24 hours", DAYS: "7 days"}

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
            "unit": "hour" if self.name == HOURS else "day",
            "zone": timezone.get_current_timezone_name(),
        }

    @property
    def labels(self) -> list[str]:
        if self.name == HOURS:
            return [f"{one:%H:%M}" for one in self.starts]
        return [f"{one.day} {one:%b}" for one in self.starts]

    def column(self, rows: Rows, place: int) -> tuple[float, ...]:
        """One column of a statement's answer, with zeros where nothing happened."""
        return tuple(float(rows[one][place]) if one in rows else 0.0 for one in self.starts)


def span_of(name: str) -> Span:
    """The last hours or days up to now; of an unknown name, the days."""
    zone, now = timezone.get_current_timezone(), timezone.localtime()
    if name == HOURS:
        last = now.replace(minute=0, second=0, microsecond=0).astimezone(datetime.UTC)
        starts = [last - datetime.timedelta(hours=back) for back in range(COUNTS[HOURS])]
        return Span(HOURS, tuple(one.astimezone(zone) for one in reversed(starts)))
    days = [now.date() - datetime.timedelta(days=back) for back in range(COUNTS[DAYS])]
    midnight = datetime.time(tzinfo=zone)
    return Span(DAYS, tuple(datetime.datetime.combine(one, midnight) for one in reversed(days)))
