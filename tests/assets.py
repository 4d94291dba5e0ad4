"""The sprite and the font that pages ask for, built once for all test processes."""

from __future__ import annotations

import fcntl
from pathlib import Path

from django.conf import settings

from nexa.assets.build import build


def assets_built() -> Path:
    """The folder with the built files; the first process builds, the others wait for it."""
    folder: Path = settings.ASSETS_BUILD_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / ".build-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build(folder)
    return folder
