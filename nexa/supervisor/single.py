"""One supervisor at a time per data folder; the lock falls with its process, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nexa.supervisor.errors import SupervisorError


@contextmanager
def only_one(path: Path, *, address: str) -> Iterator[None]:
    """Hold the lock file while inside; SupervisorError tells where the other one serves."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SupervisorError(_already(os.read(handle, 1000))) from None
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps({"pid": os.getpid(), "address": address}).encode())
        yield
    finally:
        os.close(handle)


def _already(content: bytes) -> str:
    try:
        told = json.loads(content)
        where = f" at {told['address']} (process {told['pid']})"
    except (ValueError, KeyError, TypeError):
        where = ""
    return (
        f"It runs already{where}. Open that address, or stop it with Ctrl-C in its terminal first."
    )
