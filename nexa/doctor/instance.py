"""Which installation the findings are about, and whether it runs."""

from __future__ import annotations

from pathlib import Path

import psutil
from django.conf import settings

from nexa.doctor.finding import Finding
from nexa.doctor.machine import PROJECT
from nexa.supervisor.single import LOCK_FILE, Instance, running


def instance_found() -> Finding:
    """By the lock that a supervisor holds in the data folder; never wrong, it only tells."""
    part, folder = "Instance", settings.DATA_FOLDER
    found = running(folder / LOCK_FILE)
    if found is not None:
        return Finding(part, f"{_served(found)}; data in {folder}")
    said = f"data in {folder}; neither make demo nor make run runs on it"
    others = [
        f"{_served(other)} on {place}: NEXA_DATA_DIR={place} make doctor looks at it"
        for place in _other_folders(folder)
        if (other := running(place / LOCK_FILE)) is not None
    ]
    return Finding(part, "; ".join([said, *others]))


def running_here() -> Instance | None:
    return running(settings.DATA_FOLDER / LOCK_FILE)


def _served(instance: Instance) -> str:
    return f"runs at {instance.address} (process {instance.pid})"


def _other_folders(own: Path) -> list[Path]:
    """Data folders that processes of this checkout work on, as far as we may look."""
    folders = set()
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(PROJECT) and (place := process.environ().get("NEXA_DATA_DIR")):
                folders.add(Path(place))
        except (psutil.Error, OSError):
            continue
    return sorted(folders - {own})
