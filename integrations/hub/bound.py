"""Runs the busiest statements with their values bound by the server, in one round trip.

Past Django's cursor: that one writes the values into the text, and asks before the first statement
of a request whether the session still lives.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import OperationalError
from django.db import connection as database


def row(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    """The first row; raises Django's DatabaseError as every query does.

    A session that the server has ended meanwhile is replaced once, so the statement must be one
    that may run twice.
    """
    try:
        return _row(statement, parameters)
    except OperationalError:
        if database.in_atomic_block or not _has_ended():
            raise
        database.close()
        return _row(statement, parameters)


def _row(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    database.ensure_connection()
    began = time.monotonic()
    with database.wrap_database_errors:
        cursor = psycopg.Cursor(database.connection)
        cursor.execute(statement, parameters)
        found = cursor.fetchone()
    if database.queries_logged:
        took = time.monotonic() - began
        database.queries_log.append({"sql": statement, "time": f"{took:.3f}"})
    return found


def _has_ended() -> bool:
    return database.connection is not None and database.connection.closed
