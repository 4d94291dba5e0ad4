"""Starts and stops the server's process. Call with the gate held."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from nexa.embedded.account import Account
from nexa.embedded.errors import EmbeddedDatabaseError
from nexa.embedded.paths import PORT, Layout
from nexa.embedded.postmaster import (
    Postmaster,
    postmaster_read,
    process_lives,
    stale_files_removed,
)

START_PATIENCE_SECONDS = 600.0  # recovery after a crash takes a while on a slow disk
STOP_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.03
# A throw-away database may lose everything with the machine, and is much faster for it.
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def server_started(
    layout: Layout, account: Account, programs: Path, *, socket_folder: Path, durable: bool
) -> None:
    """Start the server and wait until it is ready; raises with its last words if it isn't.

    A killed server's backends may outlive it for a moment and keep its memory; then we wait.
    """
    deadline = time.monotonic() + START_PATIENCE_SECONDS
    while True:
        stale_files_removed(layout.cluster, socket_folder)
        process_id = _launched(
            _command(layout, programs, socket_folder, durable=durable), layout, account
        )
        try:
            ready = _became_ready(layout.cluster, process_id, deadline)
        except BaseException:  # Ctrl-C, perhaps before it wrote the pid file others would see
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGINT)
            raise
        if ready:
            return
        words = last_words(layout, account)
        if "is still in use" not in words or time.monotonic() > deadline:
            raise EmbeddedDatabaseError(
                f"The database server in {layout.home} didn't start. Its last words:\n{words}\n"
                "Mend what it names (often a full disk), and start again."
            )
        time.sleep(0.5)


def server_awaited(cluster: Path) -> Postmaster | None:
    """The running server once it is ready; None when none runs, or when it was just ending."""
    deadline = time.monotonic() + START_PATIENCE_SECONDS
    while (found := postmaster_read(cluster)) and found.is_ours:
        if found.is_ready:
            return found
        if time.monotonic() > deadline:
            raise EmbeddedDatabaseError(
                f"The database server (process {found.process_id}) has been '{found.state}' for "
                f"{START_PATIENCE_SECONDS:.0f} seconds. See the logs in {cluster / 'log'}."
            )
        time.sleep(_PAUSE_SECONDS)
    return None


def server_stopped(cluster: Path) -> None:
    """Stop the server if one runs: fast, so that clients are cut off and all is on the disk."""
    found = postmaster_read(cluster)
    if found is None or not found.is_ours:
        return
    for wish in (signal.SIGINT, signal.SIGQUIT):
        if _ended(found.process_id, wish):
            return
    raise EmbeddedDatabaseError(
        f"The database server (process {found.process_id}) doesn't stop. See the logs in "
        f"{cluster / 'log'}."
    )


def last_words(layout: Layout, account: Account) -> str:
    """The end of what the server said before and after it opened its own log."""
    words = layout.start_log.read_text(errors="replace").splitlines()[-10:]
    # Read as the server's account: its folder may hold links that we shouldn't follow as root.
    show = 'cd "$1/log" && tail -n 10 "$(ls -t | head -n 1)"'
    own_log = account.run(["/bin/sh", "-c", show, "sh", layout.cluster], stderr=subprocess.DEVNULL)
    return "\n".join([*words, *own_log.stdout.splitlines()]) or "(it said nothing)"


def _command(
    layout: Layout, programs: Path, socket_folder: Path, *, durable: bool
) -> list[str | Path]:
    quoted = str(socket_folder).replace('"', '""')
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0777",
        **({} if durable else _NOT_DURABLE),
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [programs / "postgres", "-D", layout.cluster, *options]


def _launched(command: list[str | Path], layout: Layout, account: Account) -> int:
    """Start the server as nobody's child, in a session of its own.

    So Ctrl-C doesn't reach it, and a parent that counts its children (gunicorn) doesn't find it.
    """
    handle = os.open(layout.start_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as log:
        shell = ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh"]
        return int(account.run([*shell, *command], stderr=log).stdout)


def _became_ready(cluster: Path, process_id: int, deadline: float) -> bool:
    while time.monotonic() < deadline:
        found = postmaster_read(cluster)
        if found and found.process_id == process_id and found.is_ready:
            return True
        if not process_lives(process_id):
            return False
        time.sleep(_PAUSE_SECONDS)
    return False


def _ended(process_id: int, wish: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process_id, wish)
    deadline = time.monotonic() + STOP_PATIENCE_SECONDS
    while process_lives(process_id):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True
