"""Another process that uses the embedded database, told what to do line by line.

`python -m tests.nexa.embedded.another <folder> [account]` answers each word on stdin with a line.
"""

from __future__ import annotations

import json
import os
import pwd
import sys
import time
from pathlib import Path
from typing import Any

from nexa.embedded import EmbeddedDatabaseError, release, start


def become(name: str) -> None:
    """Drop from root to an ordinary account, after every import is done."""
    entry = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ.pop("XDG_DATA_HOME", None)


def obey(word: str, folder: Path) -> Any:
    if word == "start":
        return started(folder)
    if word == "release":
        return release(folder)
    if word == "fork":
        return forked(folder, lives_seconds=0)
    if word == "fork-and-exit":
        forked(folder, lives_seconds=2)
        print("null", flush=True)
        os._exit(0)
    raise ValueError(word)


def started(folder: Path) -> Any:
    try:
        database = start(folder)
    except EmbeddedDatabaseError as error:
        return {"error": str(error)}
    return {"url": database.url, "socket_folder": str(database.socket_folder)}


def forked(folder: Path, *, lives_seconds: float) -> int:
    """A child that uses the same server and ends like any interpreter, with its exit handlers."""
    child = os.fork()
    if child == 0:
        start(folder)
        time.sleep(lives_seconds)
        sys.exit(0)
    if not lives_seconds:
        os.waitpid(child, 0)
    return child


def main() -> None:
    folder = Path(sys.argv[1])
    if len(sys.argv) > 2:
        become(sys.argv[2])
    for line in sys.stdin:
        print(json.dumps(obey(line.strip(), folder)), flush=True)


if __name__ == "__main__":
    main()
