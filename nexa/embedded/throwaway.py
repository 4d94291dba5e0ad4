"""A database for one test run or smoke test: fast, not durable, and removed however it ends."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nexa.embedded.database import EmbeddedDatabase
from nexa.embedded.launcher import release, start


@contextmanager
def throwaway_database(prefix: str = "nexa-") -> Iterator[EmbeddedDatabase]:
    """Start a server in a new folder of the temporary folder; stop and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)  # mkdtemp makes 0700, which root's server account can't pass
    try:
        yield start(folder, durable=False)
    finally:
        release(folder)
        shutil.rmtree(folder)
