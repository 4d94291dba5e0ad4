"""A database of its own for a bench, on the server of the settings; gone afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import psutil
from django.db import connection

PREFIX = "nexa_bench_"


@contextmanager
def scratch_database() -> Iterator[str]:
    """Migrated and empty; yields its URL. Also drops what killed benches of this machine left."""
    _abandoned_dropped()
    own_name = str(connection.settings_dict["NAME"])
    name = f"{PREFIX}{os.getpid()}"
    connection.settings_dict["TEST"] = {**connection.settings_dict["TEST"], "NAME": name}
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


def _abandoned_dropped() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{PREFIX}%"])
        for (name,) in cursor.fetchall():
            process = name.removeprefix(PREFIX)
            if process.isdecimal() and not psutil.pid_exists(int(process)):
                cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)}")
