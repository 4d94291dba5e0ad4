"""Rows that our database will not take, as when a value fits no column of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection as database

_FUNCTION: Final = """
CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'value too long' USING ERRCODE = '22001'; END $$
"""
_TRIGGER: Final = """
CREATE TRIGGER refuse_row BEFORE INSERT OR UPDATE ON {table}
FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse_row()
"""


@contextmanager
def rows_refused(table: str, condition: str) -> Iterator[None]:
    """Writes of rows for which `condition` holds of NEW fail, with the whole of their statement."""
    with database.cursor() as cursor:
        cursor.execute(_FUNCTION)
        cursor.execute(_TRIGGER.format(table=table, condition=condition))
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse_row CASCADE")
