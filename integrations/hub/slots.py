"""Bounds how many pumps run at once; a slot dies with its database connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection as database

# The name of our advisory locks among all those of the database.
CLASS = 1_852_143_712


def slot_count() -> int:
    """All workers of a cluster but one, so that other tasks have a turn."""
    return max(1, int(settings.Q_CLUSTER["workers"]) - 1)


@contextmanager
def slot(count: int | None = None) -> Iterator[int | None]:
    """The number of a free slot, or None when all are taken."""
    number = next((n for n in range(count or slot_count()) if _lock(n)), None)
    try:
        yield number
    finally:
        if number is not None:
            _unlock(number)


def _lock(number: int) -> bool:
    return _call("SELECT pg_try_advisory_lock(%s, %s)", number)


def _unlock(number: int) -> None:
    _call("SELECT pg_advisory_unlock(%s, %s)", number)


def _call(statement: str, number: int) -> bool:
    with database.cursor() as cursor:
        cursor.execute(statement, [CLASS, number])
        return bool(cursor.fetchone()[0])
