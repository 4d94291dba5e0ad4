"""A PostgreSQL of a test's own, which it may kill, fill up and start again, with our tables in it.

Its commits survive a kill of all its processes, as they must; nothing waits for the disk, since no
test pulls the plug of the machine.
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from django.db import connection as database

from nexa.embedded.account import account_of_server
from nexa.embedded.binaries import psql
from nexa.embedded.database import EmbeddedDatabase
from nexa.embedded.launcher import start
from nexa.embedded.paths import layout_of
from nexa.embedded.postmaster import postmaster_read
from nexa.embedded.throwaway import throwaway_folder
from tests.emptying import tables_empty
from tests.forked import environment

UNLIMITED = -1
# Its log of changes is written in files of 16 MiB; a server that cannot write that ends at once.
SMALLEST_DISK = 16 * 1024 * 1024

# What this process remembers of rows by their ids must not be met again under the same ids.
PREPARED = """
ALTER DATABASE nexa SET synchronous_commit = on;
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' LOOP
        PERFORM setval('public.' || quote_ident(one.name), 1000000);
    END LOOP;
END $$;
"""


@dataclass(frozen=True)
class OwnServer:
    """The server of one data folder."""

    folder: Path
    address: EmbeddedDatabase

    def start(self) -> None:
        """As whoever keeps the server alive does; at the same address as before."""
        assert start(self.folder, durable=False) == self.address

    def kill(self) -> None:
        """kill -9 of all its processes at once."""
        for one in self.processes():
            with suppress(psutil.NoSuchProcess):
                one.kill()

    def disk_limit(self, size: int) -> None:
        """No file of the server grows beyond `size` any more: what it must add to one fails.

        Its processes of now and later: those it starts inherit the limit.
        """
        account = account_of_server(layout_of(self.folder).cluster)
        pids = [one.pid for one in self.processes()]

        def limit() -> None:
            for pid in pids:
                with suppress(ProcessLookupError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, UNLIMITED))

        # Only the account itself may do that, where root is not all-powerful.
        subprocess.run(
            ["/bin/true"],
            check=True,
            preexec_fn=limit,
            user=account.user_id if account.is_lent else None,
            group=account.group_id if account.is_lent else None,
            extra_groups=[] if account.is_lent else None,
        )

    def processes(self) -> list[psutil.Process]:
        found = postmaster_read(layout_of(self.folder).cluster)
        if found is None or not found.is_ours:
            return []
        parent = psutil.Process(found.process_id)
        return [parent, *parent.children(recursive=True)]


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A new server with a copy of the test's database, as it was made by the migrations."""
    with throwaway_folder("nexa-own-") as folder:
        server = OwnServer(folder, start(folder, durable=False))
        _copied(environment()["DATABASE_URL"], server.address.url)
        yield server


@contextmanager
def used(server: OwnServer) -> Iterator[OwnServer]:
    """The default connection, and all processes that are started, lead to this server meanwhile."""
    database.close()
    before = dict(database.settings_dict)
    database.settings_dict.update(_place(server.address.django_settings()))
    try:
        yield server
        server.disk_limit(UNLIMITED)
        server.start()
        database.close()
        tables_empty()
    finally:
        database.close()
        database.settings_dict.update(_place(before))


def _place(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in ("HOST", "PORT", "USER", "PASSWORD", "NAME")}


def _copied(source: str, target: str) -> None:
    programs = psql().parent
    bare = {"PATH": os.environ["PATH"]}
    dump = subprocess.run(
        [programs / "pg_dump", "--no-owner", source], env=bare, capture_output=True, check=True
    )
    command = [programs / "psql", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, target]
    told = dump.stdout + PREPARED.encode()
    subprocess.run(command, env=bare, input=told, check=True)
