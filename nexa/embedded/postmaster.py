"""Is the server running? Reads `postmaster.pid`, and believes it only after a look at the process.

A killed server leaves that file behind, and its number may meanwhile belong to any other process.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from nexa.embedded.paths import PORT


@dataclass(frozen=True)
class Postmaster:
    """What `postmaster.pid` claims, and whether that process is this cluster's server."""

    process_id: int
    socket_folder: Path | None
    state: str
    is_ours: bool

    @property
    def is_ready(self) -> bool:
        """The server itself writes this word once it accepts connections."""
        return self.state == "ready"


def postmaster_read(cluster: Path) -> Postmaster | None:
    """The claim of the pid file, or None without a whole first line."""
    try:
        # Line 1 pid, 2 data folder, 3 start, 4 port, 5 socket folder, 6 host, 7 memory, 8 state.
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        process_id = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    return Postmaster(
        process_id=process_id,
        socket_folder=Path(lines[4]) if len(lines) > 4 and lines[4] else None,
        state=lines[7].strip() if len(lines) > 7 else "",
        is_ours=_is_server_of(cluster, process_id),
    )


def stale_files_removed(cluster: Path, socket_folder: Path) -> None:
    """Clear the marks of a killed server; call only when no process of it runs.

    PostgreSQL clears them itself when their number is free, but refuses to start when it is taken
    by another process of the same account, or is a dead child that nobody has collected yet.
    """
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    (socket_folder / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def process_lives(process_id: int) -> bool:
    """False also for a dead process that nobody has collected yet."""
    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _is_server_of(cluster: Path, process_id: int) -> bool:
    # By its command line, which even root without ptrace rights (as in a container) may read.
    try:
        words = psutil.Process(process_id).cmdline()
    except psutil.Error:
        return False
    runs_postgres = bool(words) and Path(words[0]).name == "postgres"
    return runs_postgres and str(cluster) in words[1:] and process_lives(process_id)
