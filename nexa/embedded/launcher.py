"""The whole path: layout, gate, user, cluster, server, database; and back when the last user leaves.

When every user is killed at once the server stays up, alone; the next `start` adopts it, and the
next `release` of a last user stops it.
"""

from __future__ import annotations

import atexit
import os
import re
import threading
from pathlib import Path

from nexa.embedded.account import account_of_server
from nexa.embedded.binaries import binaries_for
from nexa.embedded.cluster import cluster_made, password_made
from nexa.embedded.database import EmbeddedDatabase, answers, database_made
from nexa.embedded.errors import EmbeddedDatabaseError
from nexa.embedded.paths import PORT, Layout, default_data_folder, layout_made, socket_folder_made
from nexa.embedded.postmaster import postmaster_read
from nexa.embedded.server import server_awaited, server_started, server_stopped
from nexa.embedded.users import gate_held, user_joined, user_left, users_alive

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_handles: dict[Path, int] = {}
_handles_lock = threading.RLock()


def start(
    data_folder: Path | None = None, *, name: str = "nexa", durable: bool = True
) -> EmbeddedDatabase:
    """Have the server of this data folder run, with this process as a user until it ends.

    Idempotent, and safe in many processes at once. `name` names the role and the database.
    Raises `EmbeddedDatabaseError`.
    """
    if not _NAME.fullmatch(name) or name.startswith("pg_"):
        raise EmbeddedDatabaseError(f"'{name}' can't name a database: use a-z, 0-9 and _.")
    layout = layout_made(data_folder or default_data_folder(Path.cwd()))
    with _handles_lock, gate_held(layout.gate):
        joined = layout.home not in _handles
        if joined:
            _handles[layout.home] = user_joined(layout.users)
        try:
            return _served(layout, name, durable=durable)
        except BaseException:
            if joined:
                user_left(_handles.pop(layout.home))
            raise


def release(data_folder: Path | None = None) -> bool:
    """Drop this process's use; the last user stops the server. True when it is stopped."""
    layout = layout_made(data_folder or default_data_folder(Path.cwd()))
    with _handles_lock, gate_held(layout.gate):
        handle = _handles.pop(layout.home, None)
        if handle is not None:
            user_left(handle)
        if users_alive(layout.users):
            return False
        server_stopped(layout.cluster)
        return True


def _served(layout: Layout, name: str, *, durable: bool) -> EmbeddedDatabase:
    account = account_of_server(layout.cluster)
    if account.is_lent and not account.can_reach(layout.home):
        raise EmbeddedDatabaseError(
            f"PostgreSQL runs as the account {account.name}, which can't reach {layout.home}: one "
            "of the folders above it is closed to others. Set NEXA_DATA_DIR to a folder it may "
            "reach (such as one under /var/lib); we change no permissions outside our own folder."
        )
    password = password_made(layout)
    address = _running(layout, name, password)
    if address is None:
        programs = binaries_for(account, layout)
        cluster_made(layout, account, programs, durable=durable)
        folder = socket_folder_made(layout, account)
        server_started(layout, account, programs, socket_folder=folder, durable=durable)
        address = EmbeddedDatabase(folder, PORT, name, password, name)
    database_made(address)
    return address


def _running(layout: Layout, name: str, password: str) -> EmbeddedDatabase | None:
    found = server_awaited(layout.cluster)
    claim = found or postmaster_read(layout.cluster)
    if claim is None or claim.socket_folder is None:
        return None
    address = EmbeddedDatabase(claim.socket_folder, PORT, name, password, name)
    # A server in another container shares our folder but not our process numbers.
    return address if found or answers(address) else None


@atexit.register
def _release_all() -> None:
    for home in list(_handles):
        release(home.parent)


def _forked() -> None:
    global _handles_lock  # noqa: PLW0603 - another thread of the parent may have held it
    _handles_lock = threading.RLock()


os.register_at_fork(after_in_child=_forked)
