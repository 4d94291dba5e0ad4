"""Who runs the server: PostgreSQL refuses to run as root, so root lends it another account."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from nexa.embedded.errors import EmbeddedDatabaseError

# The first that exists. An administrator may make the first one; the second is what a system's own
# PostgreSQL packages make for the same purpose; the last exists in every container. We never create
# an account ourselves: that would change the machine outside our folder.
SERVER_ACCOUNTS = ("nexa-crm", "postgres", "nobody")
# Nothing of our environment reaches the server: no PG* variable, no LD_LIBRARY_PATH, no secret.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """The account of the server's processes, and whether it is another than ours."""

    name: str
    user_id: int
    group_id: int
    is_lent: bool

    def own(self, path: Path) -> None:
        """Give a path we made to the server; the group stays ours, so that we can reach it."""
        if self.is_lent:
            os.chown(path, self.user_id, os.getegid(), follow_symlinks=False)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        stdin: str = "",
        stderr: int | IO[str] = subprocess.STDOUT,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, from `/` and with a bare environment.

        Raises OSError when the account can't reach or run it.
        """
        return subprocess.run(  # noqa: S603 - our own programs only
            [str(part) for part in command],
            check=False,
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=stderr,
            input=stdin,
            cwd="/",
            env=ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            user=self.user_id if self.is_lent else None,
            group=self.group_id if self.is_lent else None,
            extra_groups=[] if self.is_lent else None,
        )

    def can_reach(self, folder: Path) -> bool:
        """Whether this account may enter the folder, asked of the system itself."""
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0


def account_of_server(cluster: Path) -> Account:
    """Choose the account: ourselves, or for root the cluster's owner, or else a lent one."""
    user_id = os.geteuid()
    if user_id != 0:
        return Account(_name(user_id), user_id, os.getegid(), is_lent=False)
    entry = _owner(cluster) if cluster.exists() else _lent()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, is_lent=True)


def _owner(cluster: Path) -> pwd.struct_passwd:
    entry = _entry(cluster.stat().st_uid)
    if entry is None or entry.pw_uid == 0:
        raise EmbeddedDatabaseError(
            f"PostgreSQL won't run as root, but {cluster} belongs to root or to an account that is "
            f"gone. Give it to one of {', '.join(SERVER_ACCOUNTS)}: chown -R <account> {cluster}"
        )
    return entry


def _lent() -> pwd.struct_passwd:
    entry = next((found for name in SERVER_ACCOUNTS if (found := _lookup(name))), None)
    if entry is None:
        raise EmbeddedDatabaseError(
            f"PostgreSQL won't run as root, and none of the accounts {', '.join(SERVER_ACCOUNTS)} "
            "exists to run it. Create the account nexa-crm, run Nexa CRM as an ordinary user, or "
            "set DATABASE_URL to a PostgreSQL of your own."
        )
    return entry


def _name(user_id: int) -> str:
    entry = _entry(user_id)
    if entry is None:
        raise EmbeddedDatabaseError(
            f"User id {user_id} has no entry in /etc/passwd, and PostgreSQL's initdb needs one. "
            "Run Nexa CRM as a user that has one, or set DATABASE_URL to a PostgreSQL of your own."
        )
    return entry.pw_name


def _entry(user_id: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(user_id)
    except KeyError:
        return None


def _lookup(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
