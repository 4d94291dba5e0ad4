"""The password of the data folder: made at random, kept in a file that only we may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from nexa.embedded.account import Account
from nexa.embedded.errors import EmbeddedDatabaseError
from nexa.embedded.paths import Layout

SUPERUSER = "postgres"


def password_made(layout: Layout) -> str:
    """The password of this data folder, made on first use."""
    if not layout.password.exists():
        _written(layout.password, secrets.token_urlsafe(32))
    return password_read(layout)


def password_read(layout: Layout) -> str:
    """Raises `EmbeddedDatabaseError` when a server runs whose password is lost."""
    try:
        return layout.password.read_text().strip()
    except FileNotFoundError as error:
        raise EmbeddedDatabaseError(
            f"{layout.password} is gone while the database runs. Put it back from a backup, or end "
            "every process of Nexa CRM and start again: then a new password is set."
        ) from error


def password_restored(layout: Layout, account: Account, programs: Path, *, role: str) -> None:
    """Set a new password when its file was lost; the server must be down.

    PostgreSQL's single-user mode asks no password of the account that owns the data.
    """
    if layout.password.exists():
        return
    password = secrets.token_urlsafe(32)
    statements = (
        f"ALTER ROLE {SUPERUSER} PASSWORD '{password}';\n"
        f"DO $$ BEGIN ALTER ROLE {role} PASSWORD '{password}'; "
        "EXCEPTION WHEN undefined_object THEN NULL; END $$;\n"
    )
    result = account.run(
        [programs / "postgres", "--single", "-D", layout.cluster, SUPERUSER],
        stdin=statements,
    )
    if result.returncode != 0 or "ERROR:" in result.stdout:
        raise EmbeddedDatabaseError(
            f"{layout.password} is gone, and no new password could be set:\n{result.stdout}\n"
            "Put the file back from a backup."
        )
    _written(layout.password, password)


def _written(path: Path, password: str) -> None:
    """Whole or not at all, also when the machine stops in between."""
    part = path.with_name(f"part-{path.name}")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(password)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
