"""The floor of the sync bench: each page as the provider reads it, COPY of its values, no more."""

from __future__ import annotations

import time
from typing import Any

from django.db import connection as database
from django.db import transaction
from psycopg import sql

from integrations.hub.models import Connection
from integrations.hub.streams import PullRequest, Stream

TABLE = "bench_sync_floor"


def floor_seconds(connection: Connection, stream: Stream) -> tuple[int, float]:
    """How many records there are, and the seconds of all pages, each with one COPY."""
    if stream.pull is None:
        raise ValueError(f"{stream.label} are not pulled.")
    fields = tuple(dict.fromkeys(row.external for row in stream.mapping))
    _table_make(fields)
    began, count, cursor = time.perf_counter(), 0, None
    while True:
        page = stream.pull(connection, PullRequest(fields, None, cursor))
        rows = [
            (one.id, *(str(one.values.get(name) or "") for name in fields))
            for one in page.records
            if not one.is_deleted
        ]
        _copy(rows)
        count += len(rows)
        if page.cursor is None:
            return count, time.perf_counter() - began
        cursor = page.cursor


def _table_make(fields: tuple[str, ...]) -> None:
    columns = [sql.SQL("external_id text"), *(_column(name) for name in fields)]
    with database.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(TABLE)))
        cursor.execute(
            sql.SQL("CREATE TABLE {} ({})").format(
                sql.Identifier(TABLE), sql.SQL(", ").join(columns)
            )
        )


def _column(name: str) -> sql.Composed:
    return sql.SQL("{} text").format(sql.Identifier(name))


def _copy(rows: list[tuple[Any, ...]]) -> None:
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(TABLE))
    with transaction.atomic(), database.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
