"""The whole path: layout, gate, user, cluster, server, database; and back as the last one leaves.

When every user is killed at once the server stays up, alone; the next `start` adopts it, and the
next `release` of a last user stops it.
"""

from __future__ import annotations

import atexit
import os
import re
import threading
from pathlib import Path

from nexa.embedded.account import Account, account_of_server
from nexa.embedded.binaries import binaries_for
from nexa.embedded.cluster import cluster_made
from nexa.embedded.database import EmbeddedDatabase, answers, database_made
from nexa.embedded.errors import EmbeddedDatabaseError
from nexa.embedded.password import password_read, password_restored
from nexa.embedded.paths import (
    PORT,
    Layout,
    default_data_folder,
    layout_made,
    layout_of,
    socket_folder_made,
    socket_folders_removed,
)
from nexa.embedded.postmaster import postmaster_read
from nexa.embedded.server import server_awaited, server_started, server_stopped
from nexa.embedded.users import gate_held, user_joined, user_left, users_alive

PROJECT_FOLDER = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# What this process uses: by data folder, the handle that counts it. Forked children inherit it.
_handles: dict[Path, int] = {}
_addresses: dict[tuple[Path, str], EmbeddedDatabase] = {}
_lock = threading.RLock()


def start(
    data_folder: Path | None = None, *, name: str = "nexa", durable: bool = True
) -> EmbeddedDatabase:
    """Have the server of this data folder run, with this process as a user until it ends.

    Idempotent, and safe in many processes at once. `name` names the role and the database.
    Raises `EmbeddedDatabaseError`.
    """
    if not _NAME.fullmatch(name) or name.startswith("pg_"):
        raise EmbeddedDatabaseError(f"'{name}' can't name a database: use a-z, 0-9 and _.")
    home = layout_of(data_folder or default_data_folder(PROJECT_FOLDER)).home
    with _lock:
        known = _addresses.get((home, name))
        if known is None or not _is_up(home):
            known = _addresses[home, name] = _started(home.parent, name, durable=durable)
        return known


def release(data_folder: Path | None = None, *, even_if_used: bool = False) -> bool:
    """Drop this process's use; the last user stops the server. True when it is stopped."""
    layout = layout_of(data_folder or default_data_folder(PROJECT_FOLDER))
    with _lock:
        handle = _handles.pop(layout.home, None)
        for key in [key for key in _addresses if key[0] == layout.home]:
            del _addresses[key]
        if handle is not None:
            user_left(handle)
        if not layout.gate.exists():
            return True
        with gate_held(layout.gate):
            if users_alive(layout.users) and not even_if_used:
                return False
            server_stopped(layout.cluster)
            socket_folders_removed(layout)
            return True


def _is_up(home: Path) -> bool:
    """While we count as a user nobody stops the server, but it may have crashed."""
    found = postmaster_read(Layout(home).cluster)
    return found is not None and found.is_ours and found.is_ready


def _started(data_folder: Path, name: str, *, durable: bool) -> EmbeddedDatabase:
    layout = layout_made(data_folder)
    with gate_held(layout.gate):
        joined = layout.home not in _handles
        if joined:
            _handles[layout.home] = user_joined(layout.users)
        try:
            return _served(layout, name, durable=durable)
        except BaseException:
            if joined:
                user_left(_handles.pop(layout.home))
            if not users_alive(layout.users):
                server_stopped(layout.cluster)  # Ctrl-C in the middle leaves nothing running
            raise


def _served(layout: Layout, name: str, *, durable: bool) -> EmbeddedDatabase:
    socket_folder = _running_at(layout, name)
    if socket_folder is None:
        account = account_of_server(layout.cluster)
        socket_folder = _launched(layout, account, name, durable=durable)
    address = EmbeddedDatabase(socket_folder, PORT, name, password_read(layout), name)
    database_made(address)
    return address


def _running_at(layout: Layout, name: str) -> Path | None:
    """The socket's folder of the server that runs already."""
    found = server_awaited(layout.cluster)
    claim = found or postmaster_read(layout.cluster)
    if claim is None or claim.socket_folder is None:
        return None
    # A server in another container shares our folder, but its process can't be seen from here.
    if found is None and not (
        layout.password.exists()
        and answers(EmbeddedDatabase(claim.socket_folder, PORT, name, password_read(layout), name))
    ):
        return None
    return claim.socket_folder


def _launched(layout: Layout, account: Account, name: str, *, durable: bool) -> Path:
    if account.is_lent and not account.can_reach(layout.home):
        raise EmbeddedDatabaseError(
            f"PostgreSQL runs as the account {account.name}, which can't reach {layout.home}: one "
            "of the folders above it is closed to others. Set NEXA_DATA_DIR to a folder it may "
            "reach (such as one under /var/lib); we change no permissions outside our own folder."
        )
    programs = binaries_for(account, layout)
    cluster_made(layout, account, programs, durable=durable)
    password_restored(layout, account, programs, role=name)
    socket_folder = socket_folder_made(layout, account)
    server_started(layout, account, programs, socket_folder=socket_folder, durable=durable)
    return socket_folder


@atexit.register
def _release_all() -> None:
    for home in list(_handles):
        release(home.parent)


def _forked() -> None:
    global _lock
    _lock = threading.RLock()  # another thread of the parent may have held it


os.register_at_fork(after_in_child=_forked)
