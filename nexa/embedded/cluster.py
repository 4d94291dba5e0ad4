"""The data itself: made once by initdb, aside and then renamed, so that half of it never counts."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from nexa.embedded.account import Account
from nexa.embedded.binaries import MAJOR
from nexa.embedded.errors import EmbeddedDatabaseError
from nexa.embedded.password import SUPERUSER, password_made
from nexa.embedded.paths import Layout

_PART = "part-"

# Written into postgresql.conf once, where an administrator may change them afterwards.
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "log",
    # A week of logs that overwrites itself.
    "log_filename": "server-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    # A failing statement carries people's data as literals, and an error's detail does so too.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def cluster_made(layout: Layout, account: Account, programs: Path, *, durable: bool) -> None:
    """Make the cluster unless it is there; clears what a killed try left behind."""
    _leftovers_removed(layout)
    if layout.cluster.exists():
        _major_checked(layout.cluster)
        return
    part = layout.home / f"{_PART}{secrets.token_hex(4)}"
    part.mkdir(mode=0o700)
    try:
        password_file = part / "password"
        password_file.write_text(password_made(layout))
        account.own(password_file)
        account.own(part)
        _initdb(part, account, programs, durable=durable)
        (part / "cluster").rename(layout.cluster)
        _folder_synced(layout.home)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _initdb(part: Path, account: Account, programs: Path, *, durable: bool) -> None:
    # PostgreSQL's built-in C.UTF-8 sorts and folds case alike everywhere; the system's C.UTF-8
    # only helps text search to tell letters from punctuation, and not every system has it.
    for locale in ("C.UTF-8", "C"):
        result = account.run(
            [
                programs / "initdb",
                f"--pgdata={part / 'cluster'}",
                f"--username={SUPERUSER}",
                f"--pwfile={part / 'password'}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                f"--locale={locale}",
                "--data-checksums",
                "--no-instructions",
                *(() if durable else ("--no-sync",)),
                *(f"--set={name}={value}" for name, value in SETTINGS.items()),
            ]
        )
        if result.returncode == 0:
            return
        if "invalid locale" not in result.stdout:
            break
    words = "\n".join(result.stdout.strip().splitlines()[-12:])
    raise EmbeddedDatabaseError(
        f"The database couldn't be made in {part.parent} (initdb ended with "
        f"{result.returncode}). Its last words:\n{words}\n"
        "Nothing was kept. Mend what it names (often a full disk), and start again."
    )


def _leftovers_removed(layout: Layout) -> None:
    for part in layout.home.glob(f"{_PART}*"):
        if part.is_dir():
            # An initdb whose parent was killed may still write there: then the next start does it.
            shutil.rmtree(part, ignore_errors=True)


def _major_checked(cluster: Path) -> None:
    try:
        major = (cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"{cluster} isn't a readable PostgreSQL cluster ({error.strerror}). Move it away to "
            "start with an empty database, or put a backup in its place."
        ) from error
    if major != str(MAJOR):
        raise EmbeddedDatabaseError(
            f"{cluster} was made by PostgreSQL {major}, and this release runs PostgreSQL {MAJOR}. "
            "Nothing was changed. Dump it with the release that made it (pg_dump), move the folder "
            "away, start this release, and load the dump (psql); or run pg_upgrade."
        )


def _folder_synced(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
