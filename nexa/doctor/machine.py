"""The machine and the environment; looked at before settings are loaded."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
import tomllib
from pathlib import Path

from integrations.hub.disk import folder_present
from nexa.bootstrap import SUPPORTED
from nexa.doctor.finding import Finding

PROJECT = Path(__file__).resolve().parents[2]
FREE_BYTES_NEEDED = 1024**3


def python_found() -> Finding:
    version = sys.version.split()[0]
    if sys.version_info[:2] in SUPPORTED:
        return Finding("Python", version)
    return Finding("Python", version, "Install Python 3.11 or 3.12, then run make environment.")


def packages_found(project: Path = PROJECT) -> Finding:
    """Every package the program needs, in the version that was tested with it."""
    part = "Packages"
    try:
        names = _names_needed(project / "pyproject.toml")
        locked = _locked(project / "requirements.lock")
    except (OSError, ValueError, KeyError) as error:
        return Finding(part, f"pyproject.toml or requirements.lock: {error}", "Restore the file.")
    wrong = [line for name in names if (line := _wrong(name, locked.get(name, "")))]
    if wrong:
        return Finding(part, "; ".join(wrong), "Run make environment.")
    return Finding(part, f"{len(names)} as in requirements.lock")


def disk_found(folder: Path) -> Finding:
    """Free space where data is kept; `folder` need not exist yet."""
    folder = folder_present(folder)
    free = shutil.disk_usage(folder).free
    said = f"{free / 1024**3:.1f} GiB free in {folder}"
    if free >= FREE_BYTES_NEEDED:
        return Finding("Disk", said)
    return Finding("Disk", said, "Free some space: a full disk stops the database.")


def _names_needed(pyproject: Path) -> list[str]:
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return [
        _normal(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]) for line in project["dependencies"]
    ]


def _locked(lock: Path) -> dict[str, str]:
    pairs = re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return {_normal(name): version for name, version in pairs}


def _wrong(name: str, locked: str) -> str:
    try:
        installed = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return f"{name} is not installed"
    return "" if installed == locked else f"{name} is {installed}, tested is {locked or 'none'}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
