"""A database of its own for a bench, on the server of the settings; gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from django.db import connection

NAME = "nexa_bench"


@contextmanager
def scratch_database() -> Iterator[str]:
    """Migrated and empty; yields its URL. What a killed bench left behind is replaced."""
    connection.ensure_connection()  # the embedded server fills in its address now
    own_name = str(connection.settings_dict["NAME"])
    connection.settings_dict["TEST"] = {**connection.settings_dict["TEST"], "NAME": NAME}
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield database_url(connection.settings_dict)
    finally:
        connection.creation.destroy_test_db(own_name, verbosity=0)


def database_url(address: Mapping[str, Any]) -> str:
    """As DATABASE_URL takes it; the host goes into the query, so that a socket's folder fits."""
    login = f"{quote(str(address['USER']), safe='')}:{quote(str(address['PASSWORD']), safe='')}"
    options = {name: str(value) for name, value in (address.get("OPTIONS") or {}).items()}
    where = {"host": str(address["HOST"]), "port": str(address["PORT"]), **options}
    query = urlencode({name: value for name, value in where.items() if value}, quote_via=quote)
    return f"postgresql://{login}@/{quote(str(address['NAME']), safe='')}?{query}"
