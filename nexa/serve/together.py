"""Everything of one data folder up together while inside, and nothing of it left afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nexa.embedded import EmbeddedDatabaseError, data_folder_made, release, start
from nexa.serve.steps import cluster_watch
from nexa.supervisor import Supervisor, SupervisorError
from nexa.supervisor.ports import port_required
from nexa.supervisor.register import ProcessRegister
from nexa.supervisor.single import LOCK_FILE, only_one

Say = Callable[[str], None]

# Another user, such as an operator's shell, keeps the server and costs us this wait.
GONE_SECONDS = 5.0


@contextmanager
def supervised(
    folder: Path, *, port: int, option: str, say: Say, host: str = "", sandbox: str = ""
) -> Iterator[Supervisor]:
    """A supervisor of this data folder that hears signals; it stops its children at the end.

    Raises SupervisorError when one runs already or the port is taken.
    """
    address = f"http://127.0.0.1:{port}"
    _folder_made(folder)
    with only_one(folder / LOCK_FILE, address=address, sandbox=sandbox):
        register = ProcessRegister(folder / "processes.json")
        left = register.orphans_killed()
        if left:
            say(f"Ended what an earlier run had left behind: {', '.join(left)}.")
        port_required(port, option=option)
        supervisor = Supervisor(register, say, watches=[cluster_watch(address, host)])
        with supervisor.signals_heard():
            try:
                yield supervisor
            finally:
                supervisor.stop()


@contextmanager
def embedded_database_used(folder: Path, *, durable: bool = True) -> Iterator[None]:
    """Be a user of the embedded server, so that it outlives each child and ends with us."""
    try:
        start(folder, durable=durable)
    except EmbeddedDatabaseError as error:
        raise SupervisorError(str(error)) from error
    try:
        yield
    finally:
        _released(folder)


def _released(folder: Path) -> None:
    """The last user stops the server; a child that was killed counts until it is really gone."""
    deadline = time.monotonic() + GONE_SECONDS
    while not release(folder) and time.monotonic() < deadline:
        time.sleep(0.1)


def _folder_made(folder: Path) -> None:
    try:
        data_folder_made(folder)
    except OSError as error:
        raise SupervisorError(
            f"The data folder {folder} cannot be made: {error.strerror}. Set NEXA_DATA_DIR to a "
            "folder you may write to."
        ) from error
