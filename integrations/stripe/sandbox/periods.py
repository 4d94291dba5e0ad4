"""Billing periods: a month after 31 January is the last day of February."""

from __future__ import annotations

import calendar
import datetime

DAY = 86400
DAYS = {"day": 1, "week": 7}


def period_end(start: int, interval: str, count: int) -> int:
    """Unix seconds one period after `start`, in UTC."""
    if interval in DAYS:
        return start + DAYS[interval] * count * DAY
    began = datetime.datetime.fromtimestamp(start, datetime.UTC)
    months = began.year * 12 + began.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return int(began.replace(year=year, month=month + 1, day=min(began.day, last)).timestamp())
