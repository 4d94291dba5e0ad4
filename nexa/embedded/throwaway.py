"""A database for one test run or smoke test: fast, not durable, and removed however it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nexa.embedded.database import EmbeddedDatabase
from nexa.embedded.launcher import release, start

_MARK = "throwaway"
_RANDOM = "?" * 8  # as many characters as mkdtemp adds: a longer name is of another prefix
_ABANDONED_AFTER_SECONDS = 60  # younger ones may be just starting


@contextmanager
def throwaway_database(prefix: str = "nexa-") -> Iterator[EmbeddedDatabase]:
    """Start a server in a new folder of the temporary folder; stop and remove it afterwards.

    Whoever else uses it is cut off. Also clears what killed runs of the same prefix left behind.
    """
    with throwaway_folder(prefix) as folder:
        yield start(folder, durable=False)


@contextmanager
def throwaway_folder(prefix: str = "nexa-") -> Iterator[Path]:
    """A new data folder in the temporary folder; its server and itself are gone afterwards."""
    _abandoned_removed(prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)  # mkdtemp makes 0700, which root's server account can't pass
    (folder / _MARK).touch()
    try:
        yield folder
    finally:
        release(folder, even_if_used=True)
        with suppress(FileNotFoundError):  # another run may be clearing it just now
            shutil.rmtree(folder)


def _abandoned_removed(prefix: str) -> None:
    for mark in Path(tempfile.gettempdir()).glob(f"{prefix}{_RANDOM}/{_MARK}"):
        with suppress(FileNotFoundError):  # its own run, or another, clears it in this moment
            found = mark.lstat()
            young = time.time() - found.st_mtime < _ABANDONED_AFTER_SECONDS
            if found.st_uid == os.geteuid() and not young and release(mark.parent):
                shutil.rmtree(mark.parent, ignore_errors=True)
