"""Processes that are forked from one that has loaded everything: `python -m tests.forge PLACE`.

Loading Django takes longer than what most tests do in a process of its own. Each is a real one
all the same, with connections, a group and an end of its own; see tests.forked for the other side.
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

import django

Order = dict[str, Any]

MODULES: Final = (
    "tests.integrations.hub.worker",
    "tests.integrations.hub.oauth.worker",
    "tests.integrations.hub.queue.caller",
    "tests.integrations.hub.queue.worker",
    "tests.integrations.hub.sync.worker",
    "tests.integrations.stripe.worker",
)


def main(place: str) -> None:
    """Serve until standard input ends, as it does when the tests are over or were killed."""
    django.setup()
    for module in MODULES:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as either:
        listener.bind(place)
        listener.listen(64)
        either.register(listener, selectors.EVENT_READ)
        either.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        while not any(key.fileobj is sys.stdin for key, _ in either.select()):
            asked, _ = listener.accept()
            if os.fork() == 0:
                either.close()
                listener.close()
                _kept(asked)
            asked.close()
    shutil.rmtree(Path(place).parent)


def _kept(asked: socket.socket) -> NoReturn:
    """The keeper: has the process forked, tells its number, then how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    data, handles, _, _ = socket.recv_fds(asked, 65536, 1)
    number = os.fork()
    if number == 0:
        asked.close()
        os._exit(_worked(json.loads(data), handles))
    for handle in handles:
        os.close(handle)
    with suppress(ProcessLookupError):  # it was that quick
        os.setpgid(number, number)
    asked.sendall(f"{number}\n".encode())
    _, status = os.waitpid(number, 0)
    asked.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _worked(order: Order, handles: list[int]) -> int:
    """The process itself; its exit code."""
    from django.conf import settings
    from django.db import connection

    for handle in handles:
        os.dup2(handle, sys.stdout.fileno())
        os.close(handle)
    os.environ.update(order["extra"])
    # What is read when a process starts, and was read when this one's parent did.
    connection.settings_dict.update(order["database"])
    settings.NEXA_SANDBOX_URL = os.environ.get("NEXA_SANDBOX_URL", "")
    try:
        importlib.import_module(order["module"]).main(*order["arguments"])
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    main(sys.argv[1])
