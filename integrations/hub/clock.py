"""How far a vendor's clock is before ours, read off the Date of its answers.

Without it the later of two edits is judged by two clocks, and a listing "since then" by the wrong
one. Compared with the database's clock: a worker's own may be wrong, too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from django.db import connection as database

from integrations.hub.models import Connection

# A Date is exact to the second, and an answer takes a while: less than this is no difference.
NOTICED: Final = timedelta(seconds=5)
# A date further off is a mistake of another kind (a cache, a fixed date).
FURTHEST: Final = timedelta(days=1)


def date_noted(connection: Connection, date: str | None) -> None:
    """Keep what an answer's Date says, when it says something new."""
    there = _moment(date)
    if there is None:
        return
    known = timedelta(milliseconds=connection.clock_offset_ms)
    if abs(there - datetime.now(UTC) - known) < NOTICED:
        return
    offset = there - _now()
    if abs(offset - known) < NOTICED or abs(offset) > FURTHEST:
        return
    milliseconds = 0 if abs(offset) < NOTICED else int(offset.total_seconds() * 1000)
    connection.clock_offset_ms = milliseconds
    Connection.objects.filter(pk=connection.pk).update(clock_offset_ms=milliseconds)


def _moment(date: str | None) -> datetime | None:
    """The middle of the second that the header names."""
    try:
        found = parsedate_to_datetime(date) if date else None
    except ValueError:
        return None
    if found is None:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) + timedelta(milliseconds=500)


def _now() -> datetime:
    with database.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
