"""One process of the supervisor: how it is started, and how it and its family are stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

STOP_PATIENCE_SECONDS = 25.0
LOG_KEPT_BYTES = 5 * 1024 * 1024
# A child that lived this long starts its next life without a pause.
STEADY_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True)
class ChildSpec:
    """What to run; `environment` is the whole one, secrets included; no log means our own."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    log: Path | None


class Child:
    """A process with its own group, so that the terminal's Ctrl-C reaches only the supervisor."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.ends_in_a_row = 0
        self.start_again_at: float | None = None

    def start(self) -> None:
        with ExitStack() as stack:
            log = stack.enter_context(_log_opened(self.spec.log)) if self.spec.log else None
            self.process = subprocess.Popen(  # noqa: S603
                self.spec.command,
                env=dict(self.spec.environment),
                cwd=self.spec.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started_at = time.monotonic()
        self.start_again_at = None

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def pause_before_restart(self) -> float:
        """Seconds to wait after this end: none after a steady life, then 1, 2, 4 … 30."""
        if time.monotonic() - self.started_at >= STEADY_SECONDS:
            self.ends_in_a_row = 0
        self.ends_in_a_row += 1
        return min(float(2 ** (self.ends_in_a_row - 1)), LONGEST_PAUSE_SECONDS)

    def ask_to_stop(self) -> None:
        """SIGTERM to the parent only: a cluster whose workers get it too hangs."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self, patience: float = STOP_PATIENCE_SECONDS) -> bool:
        """Have the whole family gone; False when it had to be killed."""
        if self.process is None:
            return True
        self.ask_to_stop()
        deadline = time.monotonic() + patience
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        ended_itself = self.process.poll() is not None
        group_killed(self.process.pid)
        self.process.wait()
        self.process = None  # its id may name another process from now on
        return ended_itself

    def last_words(self, lines: int = 15) -> str:
        if self.spec.log is None:
            return ""
        with self.spec.log.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, maxlen=lines)).rstrip()


def group_killed(leader: int) -> None:
    """Kill whoever is left of the group that `leader` made."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _log_opened(log: Path) -> IO[bytes]:
    """For appending; a long one is put aside first, and the one put aside before goes."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_KEPT_BYTES:
            log.replace(log.with_suffix(".old.log"))
    return log.open("ab")
