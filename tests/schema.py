"""The schema of one run, made once: each process of the run tests in a copy of it.

Migrating takes longer than starting such a process, and each would do it anew. It is done beside
them while they start and collect (`python -m tests.schema`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

# Tells the processes of a run the name of the database that they copy.
VARIABLE: Final = "NEXA_TEST_SCHEMA"
_LOCK: Final = 748_215_903
_PROJECT: Final = Path(__file__).resolve().parents[1]

Server = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def schema_under_way() -> Iterator[None]:
    """Begin to make it, in a process of its own; at the end of the run it is gone."""
    os.environ[VARIABLE] = f"nexa_schema_{os.getpid()}"
    command = [sys.executable, "-m", "tests.schema"]
    process = subprocess.Popen(command, cwd=_PROJECT, start_new_session=True)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # mostly it ended long ago
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with _server() as server:
            for name in _names():
                _dropped(server, name)


def schema_made() -> str:
    """The name of the database to copy, once it is whole; makes it where nobody does.

    Raises CalledProcessError when a migration fails; what it said stands on standard error.
    """
    whole, unfinished = _names()
    with _server() as server:
        # Gone with the connection: one who was killed holds up nobody.
        server.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [whole]).fetchone():
            _dropped(server, unfinished)
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
            _migrated(unfinished)
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            server.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(whole)))
    return whole


def _names() -> tuple[str, str]:
    """Of the whole one and of the half one."""
    name = os.environ[VARIABLE]
    return name, f"{name}_unfinished"


def _server() -> Server:
    return psycopg.connect(os.environ["NEXA_TEST_DATABASE_URL"], autocommit=True)


def _dropped(server: Server, name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _migrated(name: str) -> None:
    url = urlunsplit(urlsplit(os.environ["NEXA_TEST_DATABASE_URL"])._replace(path=f"/{name}"))
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"]
    subprocess.run(command, cwd=_PROJECT, env={**os.environ, "DATABASE_URL": url}, check=True)


if __name__ == "__main__":
    schema_made()
