"""Runs the few statements whose planning would cost as much as their work; planned once a session.

Past Django's cursor: that one writes the values into the text, so that no plan can be kept.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import NotSupportedError, OperationalError
from django.db import connection as database


def row(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    """The first row; raises Django's DatabaseError as every query does.

    A session that the server has ended meanwhile, or whose plan a migration has made void, is
    replaced once, so the statement must be one that may run twice.
    """
    try:
        return _row(statement, parameters)
    except (OperationalError, NotSupportedError) as error:
        is_void = isinstance(error, NotSupportedError)
        if database.in_atomic_block or not (is_void or _has_ended()):
            raise
        database.close()
        return _row(statement, parameters)


def _row(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    database.ensure_connection()
    began = time.monotonic()
    with database.wrap_database_errors:
        cursor = psycopg.Cursor(database.connection)
        cursor.execute(statement, parameters, prepare=_may_prepare())
        found = cursor.fetchone()
    if database.queries_logged:
        took = time.monotonic() - began
        database.queries_log.append({"sql": statement, "time": f"{took:.3f}"})
    return found


def _has_ended() -> bool:
    return database.connection is not None and database.connection.closed


def _may_prepare() -> bool:
    """Not behind a pooler that hands each transaction to another session."""
    return not database.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS", False)
