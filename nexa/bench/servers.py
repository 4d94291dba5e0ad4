"""Web servers for a bench: the same gunicorn twice, with our program and with the floor's."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from nexa.serve.commands import PROJECT, web_command
from nexa.serve.steps import answers
from nexa.supervisor import Child, ChildSpec
from nexa.supervisor.ports import port_anywhere

START_SECONDS = 60.0


class ServerError(Exception):
    """A server of the bench did not start; the message holds its last words."""


@dataclass(frozen=True)
class Server:
    """A running web server."""

    address: str
    child: Child

    def memory_mb(self) -> float:
        """Resident memory of the server with its workers."""
        parent = psutil.Process(self.child.pid)
        family = [parent, *parent.children(recursive=True)]
        return sum(member.memory_info().rss for member in family) / 1024**2


@contextmanager
def web_server(
    database_url: str, *, settings: str, ready_path: str, extra: Mapping[str, str]
) -> Iterator[Server]:
    """Our production server on a free port, ready to answer."""
    port = port_anywhere()
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": settings,
        "ALLOWED_HOSTS": "127.0.0.1",
        "NEXA_BASE_URL": address,
        "NEXA_REDIS_URL": "",
        "NEXA_LOG_LEVEL": "WARNING",
        "DEBUG": "0",
        **extra,
    }
    with TemporaryDirectory(prefix="nexa-bench-") as folder:
        log = Path(folder) / "web.log"
        child = Child(ChildSpec("web", web_command(port), environment, PROJECT, log))
        child.start()
        try:
            _awaited(child, f"{address}{ready_path}")
            yield Server(address, child)
        finally:
            child.stop(10)


def _awaited(child: Child, url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(url):
        if not child.is_alive or time.monotonic() > deadline:
            raise ServerError(f"The web server did not start:\n{child.last_words()}")
        time.sleep(0.1)
