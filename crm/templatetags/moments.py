"""Words for times, as `relative_time` and `due` show them. Pure; the present is passed in."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import formats, timezone

MINUTE = 60
HOUR = 60 * MINUTE
NEAR_DAYS = 7


def moment_in_words(moment: datetime | date, now: datetime) -> str:
    """`3 h ago`, `in 2 d`, `yesterday`; a week or more away becomes a date."""
    if not isinstance(moment, datetime):
        return _day_in_words(moment, timezone.localtime(now).date())
    seconds = (now - moment).total_seconds()
    if abs(seconds) < MINUTE:
        return "just now"
    if abs(seconds) < HOUR:
        return _placed(f"{int(abs(seconds) // MINUTE)} min", past=seconds > 0)
    if abs(seconds) < 12 * HOUR:
        return _placed(f"{int(abs(seconds) // HOUR)} h", past=seconds > 0)
    return _day_in_words(timezone.localtime(moment).date(), timezone.localtime(now).date())


def moment_in_full(moment: datetime | date) -> str:
    if isinstance(moment, datetime):
        return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    return formats.date_format(moment, "DATE_FORMAT")


def is_late(moment: datetime | date, now: datetime) -> bool:
    """A moment is late once it passed, a day once it is over where the reader is."""
    if isinstance(moment, datetime):
        return moment < now
    return moment < timezone.localtime(now).date()


def _day_in_words(day: date, today: date) -> str:
    days = (today - day).days
    named = {0: "today", 1: "yesterday", -1: "tomorrow"}.get(days)
    if named:
        return named
    if abs(days) < NEAR_DAYS:
        return _placed(f"{abs(days)} d", past=days > 0)
    return formats.date_format(day, "j M" if day.year == today.year else "j M Y")


def _placed(amount: str, *, past: bool) -> str:
    return f"{amount} ago" if past else f"in {amount}"
