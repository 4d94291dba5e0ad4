"""Whether the disks that fill with what comes in have room left; with too little, less is taken in.

Looked at on this machine, so it holds for the embedded server and for uploads in a folder.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

logger = logging.getLogger("integrations.hub.disk")

GIBIBYTE: Final = 1024**3
CONSEQUENCE: Final = "web-hooks are answered 503 and pulls wait until there is room"


@dataclass(frozen=True)
class Disk:
    """The disk that `folder` is on."""

    folder: Path
    free_bytes: int

    @property
    def is_short(self) -> bool:
        return self.free_bytes < settings.DISK_RESERVE_BYTES

    @property
    def words(self) -> str:
        """For operators; strangers need not know our folders."""
        free = f"{self.free_bytes / GIBIBYTE:.1f} GiB free in {self.folder}"
        if not self.is_short:
            return free
        reserve = f"{settings.DISK_RESERVE_BYTES / GIBIBYTE:.1f} GiB"
        return f"{free}, less than the reserve of {reserve}: {CONSEQUENCE}"


def disks() -> list[Disk]:
    """Each watched disk once; one that cannot be looked at is told in the log and left out."""
    found: dict[int, Disk] = {}
    for folder in settings.GROWING_FOLDERS:
        try:
            present = folder_present(folder)
            free = shutil.disk_usage(present).free
            found.setdefault(present.stat().st_dev, Disk(folder, free))
        except OSError:
            logger.exception("the disk of %s cannot be looked at", folder)
    return list(found.values())


def short_disk() -> Disk | None:
    """The first with less room than the reserve; a look costs some microseconds."""
    return next((one for one in disks() if one.is_short), None)


def is_short() -> bool:
    return short_disk() is not None


def folder_present(folder: Path) -> Path:
    """The folder itself, or the nearest above it that exists already."""
    while not folder.exists():
        folder = folder.parent
    return folder
