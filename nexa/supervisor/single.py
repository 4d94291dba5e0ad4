"""One supervisor at a time per data folder; the lock falls with its process, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from nexa.supervisor.errors import SupervisorError

# In the data folder of whatever runs.
LOCK_FILE = "running.lock"
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Instance:
    """A supervisor that runs: its process and where it serves; `sandbox` is the vendors' side."""

    pid: int
    address: str
    sandbox: str = ""


def running(path: Path) -> Instance | None:
    """Who holds the lock file now; None when nobody does or it does not tell."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _told(os.read(handle, 1000))
    finally:
        os.close(handle)
    return None


@contextmanager
def only_one(path: Path, *, address: str, sandbox: str = "") -> Iterator[None]:
    """Hold the lock file while inside; SupervisorError tells where the other one serves."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(handle)
        os.ftruncate(handle, 0)
        instance = Instance(os.getpid(), address, sandbox)
        os.write(handle, json.dumps(asdict(instance)).encode())
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    """Who only looks (`running`) holds the lock for an instant, so one refusal says nothing."""
    deadline = time.monotonic() + LOOK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise SupervisorError(_already(os.pread(handle, 1000, 0))) from None
            time.sleep(0.02)


def _told(content: bytes) -> Instance | None:
    try:
        return Instance(**json.loads(content))
    except (ValueError, TypeError):
        return None


def _already(content: bytes) -> str:
    told = _told(content)
    where = f" at {told.address} (process {told.pid})" if told else ""
    return (
        f"It runs already{where}. Open that address, or stop it with Ctrl-C in its terminal first."
    )
