"""Writes rows by COPY, with ids taken from the table's sequence beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def rows_copy(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY the rows into the model's table, within the caller's transaction."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(column) for column in columns)
    statement = f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN"
    # The driver's own errors become Django's, as with any other statement.
    with connection.wrap_database_errors, connection.cursor() as cursor:  # noqa: SIM117
        with cursor.copy(statement) as copy:
            write = copy.write_row
            for row in rows:
                write(row)


def ids_take(model: type[models.Model], count: int) -> list[int]:
    """That many ids of the table's sequence, which nobody else will get."""
    statement = """
        SELECT nextval(sequence)
        FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence) AS of_table,
             generate_series(1, %s)
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [model._meta.db_table, count])
        return [int(number) for (number,) in cursor.fetchall()]
