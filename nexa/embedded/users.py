"""Who uses the server: one locked file per process, so that a killed one stops counting by itself.

A lock belongs to the open file, which forked children share: as long as any of them lives, the file
stays locked and the family counts as one user. Nobody unlocks such a file; each only closes its own
hold on it, and a process that dies without a word does that too.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nexa.embedded.errors import EmbeddedDatabaseError

GATE_PATIENCE_SECONDS = 660.0  # longer than any start


@contextmanager
def gate_held(gate: Path) -> Iterator[None]:
    """Only one process at a time starts, stops or counts users of this data folder."""
    handle = os.open(gate, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock_patiently(handle, gate)
        yield
    finally:
        # Unlocked, not only closed: a child forked meanwhile by another thread holds it open too.
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _lock_patiently(handle: int, gate: Path) -> None:
    deadline = time.monotonic() + GATE_PATIENCE_SECONDS
    while not _lock(handle):
        if time.monotonic() > deadline:
            raise EmbeddedDatabaseError(
                f"Another process has been starting or stopping the database for "
                f"{GATE_PATIENCE_SECONDS:.0f} seconds. Find who holds {gate} (`fuser {gate}`), end "
                "it, and try again."
            )
        time.sleep(0.05)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def user_joined(users: Path) -> int:
    """Count this process as a user; returns the handle that holds it. Call with the gate held."""
    path = users / f"{os.getpid()}-{secrets.token_hex(4)}"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def user_left(handle: int) -> None:
    """Close this process's hold; a parent or child that shares it goes on counting."""
    os.close(handle)


def users_alive(users: Path) -> int:
    """How many still use the server; clears the files of the dead. Call with the gate held."""
    return sum(_is_alive(path) for path in list(users.iterdir()))


def _is_alive(path: Path) -> bool:
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if not _lock(handle):
            return True
        path.unlink()
        return False
    finally:
        os.close(handle)
