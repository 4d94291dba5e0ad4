"""Real data folders, real servers, and other real processes that share them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from nexa.embedded import release, start
from nexa.embedded.paths import Layout, layout_of
from nexa.embedded.postmaster import postmaster_read

PROJECT = Path(__file__).resolve().parents[3]


@contextmanager
def own_folder() -> Iterator[Path]:
    """A place for data folders that an account lent by root can pass, as pytest's own can't."""
    made = Path(tempfile.mkdtemp(prefix="nx-"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        for gate in made.rglob("gate.lock"):
            release(gate.parents[1], even_if_used=True)
        shutil.rmtree(made)


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as made:
        yield made


@pytest.fixture(scope="session")
def made_once() -> Iterator[Path]:
    """A data folder for the whole run, since making one takes a second; nothing runs in it."""
    with own_folder() as made:
        start(made / "data", durable=False)
        release(made / "data")
        yield made / "data"


@contextmanager
def lent(made_once: Path, place: Path) -> Iterator[Path]:
    """The data folder in another place for a while; whoever uses it gives it back unharmed."""
    made_once.rename(place)
    try:
        yield place
    finally:
        release(place, even_if_used=True)
        left = layout_of(place).cluster / "postmaster.pid"
        is_unharmed = not left.exists()
        left.unlink(missing_ok=True)
        place.rename(made_once)
        assert is_unharmed, "a test that kills the server for good needs a copy of its own"


@pytest.fixture
def data_folder(folder: Path, made_once: Path) -> Iterator[Path]:
    """A data folder that was used before; nothing runs in it."""
    with lent(made_once, folder / "data") as place:
        yield place


@pytest.fixture
def own_copy(folder: Path, made_once: Path) -> Path:
    """The same for tests that spoil it."""
    sockets = shutil.ignore_patterns(".s.PGSQL.*")  # a killed server leaves its own
    copied = shutil.copytree(made_once, folder / "data", symlinks=True, ignore=sockets)
    for path in copied.rglob("*"):
        found = (made_once / path.relative_to(copied)).lstat()
        os.lchown(path, found.st_uid, found.st_gid)
    return copied


@pytest.fixture
def new_folder(folder: Path) -> Path:
    """A data folder that isn't there yet."""
    return folder / "data"


@pytest.fixture
def layout(folder: Path) -> Layout:
    """The parts of the data folder, whichever kind of it the test asks for."""
    return layout_of(folder / "data")


class Another:
    """Another process that uses a data folder."""

    def __init__(
        self, data_folder: Path, *, account: str | None = None, **environment: str
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.nexa.embedded.another", str(data_folder)]
            + ([account] if account else []),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env=os.environ | environment,
        )

    def told(self, word: str) -> Any:
        self.tell(word)
        return self.answer()

    def tell(self, word: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def ended(self) -> int:
        """Let it end by itself, with its exit handlers."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        return self.process.wait(60)

    def killed(self) -> None:
        self.process.kill()
        self.process.wait(60)


@pytest.fixture
def another(folder: Path) -> Iterator[Callable[..., Another]]:
    """Make other processes; they end before the folder is cleared."""
    with ExitStack() as stack:

        def make(data_folder: Path, **options: Any) -> Another:
            process = Another(data_folder, **options)
            stack.callback(process.ended)
            return process

        yield make


def server_of(layout: Layout) -> int | None:
    """The process of the running server."""
    found = postmaster_read(layout.cluster)
    return found.process_id if found and found.is_ours else None


def asked(url: str, query: str) -> Any:
    """The first column of the first row."""
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
        return row and row[0]


def wait_for(happened: Callable[[], object]) -> None:
    """Wait until it is true, half a minute at most."""
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)
