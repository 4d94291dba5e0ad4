"""Room on the disks that fill with what comes in, and what follows when there is too little."""

from __future__ import annotations

from django.conf import settings

from integrations.hub.disk import Disk, disks
from nexa.doctor.finding import Finding
from nexa.doctor.machine import disk_found


def disks_found() -> list[Finding]:
    """Those that are watched; where none is, that of the data folder."""
    return [_found(one) for one in disks()] or [disk_found(settings.DATA_FOLDER)]


def _found(disk: Disk) -> Finding:
    if not disk.is_short:
        return disk_found(disk.folder)
    return Finding(
        "Disk",
        disk.words,
        "Free some space: all goes on by itself then. NEXA_DISK_RESERVE_BYTES is the reserve.",
    )
