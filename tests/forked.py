"""Starts real processes on the test's own database in a moment: forked from one that is loaded."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from django.db import connection as database

ADDRESS: Final = ("HOST", "PORT", "USER", "PASSWORD", "NAME")
_PROJECT: Final = Path(__file__).resolve().parents[1]


class Forked:
    """A running process, used like one of `subprocess`."""

    def __init__(self, module: str, *arguments: object, **extra: str) -> None:
        """`module.main(*arguments)`, in a group of its own, with more in its environment."""
        order = {
            "module": module,
            "arguments": [str(one) for one in arguments],
            "extra": extra,
            "database": {name: str(database.settings_dict[name]) for name in ADDRESS},
        }
        self.returncode: int | None = None
        self._forge = socket.socket(socket.AF_UNIX)
        self._forge.connect(_forge().place)
        said, write = os.pipe()
        try:
            socket.send_fds(self._forge, [json.dumps(order).encode()], [write])
        finally:
            os.close(write)
        self._said = os.fdopen(said)
        self._heard = b""
        self.pid = self._number(None)

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Its exit code, -9 when it was killed; raises TimeoutExpired."""
        if self.returncode is None:
            self.returncode = self._number(timeout)
            self._forge.close()
        return self.returncode

    def communicate(self, timeout: float) -> str:
        """All that it prints, once it has ended."""
        self.wait(timeout)
        with self._said:
            return self._said.read()

    def send_signal(self, sent: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, sent)

    def _number(self, timeout: float | None) -> int:
        """The next that its keeper tells."""
        self._forge.settimeout(timeout)
        while b"\n" not in self._heard:
            try:
                heard = self._forge.recv(64)
            except (TimeoutError, BlockingIOError) as error:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from error
            if not heard:
                raise ConnectionError("The keeper of the process is gone.")
            self._heard += heard
        number, _, self._heard = self._heard.partition(b"\n")
        return int(number)


def environment() -> dict[str, str]:
    """Of a process on the test's own database."""
    at = database.settings_dict
    address = f"{quote(at['USER'], safe='')}:{quote(at['PASSWORD'], safe='')}@"
    return os.environ | {
        "DATABASE_URL": f"postgresql://{address}/{at['NAME']}"
        f"?host={quote(str(at['HOST']), safe='')}&port={at['PORT']}",
        "DJANGO_SETTINGS_MODULE": "nexa.settings",
    }


@dataclass(frozen=True)
class _Forge:
    """Ends by itself once nobody holds its standard input any more."""

    place: str
    process: subprocess.Popen[str]


@cache
def _forge() -> _Forge:
    """Where the loaded process listens; whoever needs it first has it started."""
    place = str(Path(tempfile.mkdtemp(prefix="nexa-forge-")) / "socket")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forge", place],
        cwd=_PROJECT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return _Forge(place, process)
