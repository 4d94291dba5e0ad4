"""Where the embedded database lives: its data folder, the parts of it, and its socket's folder."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nexa.embedded.account import Account
from nexa.embedded.errors import EmbeddedDatabaseError

PORT = 5432  # names the socket's file only: nothing listens on TCP
# sun_path holds 108 bytes on Linux and 104 on macOS, with a closing zero.
LONGEST_SOCKET_PATH = 103


@dataclass(frozen=True)
class Layout:
    """The parts of one data folder that belong to the embedded database, all under `home`."""

    home: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data, 0700, of the server's account."""
        return self.home / "cluster"

    @property
    def users(self) -> Path:
        """One locked file for each process that uses the server."""
        return self.home / "users"

    @property
    def gate(self) -> Path:
        """Locked by whoever starts or stops the server."""
        return self.home / "gate.lock"

    @property
    def password(self) -> Path:
        """The password of both roles, 0600, ours."""
        return self.home / "password"

    @property
    def start_log(self) -> Path:
        """What the server said before its own log opened."""
        return self.home / "start.log"

    @property
    def binaries(self) -> Path:
        """Copies of the server's programs, made only when their own place can't be reached."""
        return self.home / "binaries"


def default_data_folder(project_folder: Path) -> Path:
    """One folder per checkout; root's is where another account may reach it."""
    checkout = hashlib.sha256(os.fsencode(project_folder.resolve())).hexdigest()[:12]
    if os.geteuid() == 0:
        return Path("/var/lib/nexa-crm") / checkout
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    try:
        base = named if named.is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError:  # an account without a home, as in some containers
        return project_folder.resolve() / "data"
    return base / "nexa-crm" / checkout


def layout_of(data_folder: Path) -> Layout:
    """Where things are in this data folder, whether or not they exist."""
    return Layout(data_folder.expanduser().resolve() / "postgresql")


def layout_made(data_folder: Path) -> Layout:
    """Make the folders that are missing; idempotent."""
    layout = layout_of(data_folder)
    try:
        data_folder_made(layout.home.parent)
        _folder_made(layout.home)
        _owner_checked(layout.home)
        layout.home.chmod(_mode())  # ours; a start killed in the middle may have left it closed
        layout.users.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"The data folder {data_folder} can't be used: {error.strerror} ({error.filename}). "
            "Set NEXA_DATA_DIR to a folder you may write to."
        ) from error
    return layout


def data_folder_made(data_folder: Path) -> None:
    """Make a data folder and what is missing above it, never touching a folder that was there.

    Root's folders let the server's account pass through (x) but not look around.
    """
    for folder in (*reversed(data_folder.parents), data_folder):
        _folder_made(folder)


def _folder_made(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(exist_ok=True)
    folder.chmod(_mode())  # mkdir's own mode is cut by the umask, which may be 077


def _mode() -> int:
    return 0o711 if os.geteuid() == 0 else 0o700


def _owner_checked(home: Path) -> None:
    owner = home.lstat().st_uid
    if owner != os.geteuid():
        raise EmbeddedDatabaseError(
            f"{home} belongs to user id {owner}, and you are {os.geteuid()}. Run Nexa CRM as that "
            "user, or set NEXA_DATA_DIR to another folder."
        )


def socket_folder_made(layout: Layout, account: Account) -> Path:
    """The folder of the server's socket: in the data folder, or a short one if that is too deep.

    The socket itself is 0777 because the clients' account may differ from the server's; the folder
    keeps strangers out, and the password everyone else.
    """
    for folder in _socket_folders(layout):
        if fits_socket(folder):
            _socket_folder_secured(folder, account)
            return folder
    raise EmbeddedDatabaseError(
        f"No folder has a path short enough for a socket: {layout.home} and "
        f"{tempfile.gettempdir()} are both too deep. Set NEXA_DATA_DIR to a shorter path."
    )


def socket_folders_removed(layout: Layout) -> None:
    """Leave nothing behind in the temporary folder; the server must be down."""
    for folder in _socket_folders(layout)[1:]:
        with suppress(OSError):
            folder.rmdir()


def _socket_folders(layout: Layout) -> tuple[Path, ...]:
    name = "nexa-pg-" + hashlib.sha256(os.fsencode(layout.home)).hexdigest()[:16]
    return (
        layout.home / "run",
        Path(tempfile.gettempdir()).resolve() / name,
        Path("/tmp").resolve() / name,  # noqa: S108 - checked for its owner before use
    )


def fits_socket(folder: Path) -> bool:
    """Whether a socket in this folder can be named; libpq reads a comma as two hosts."""
    path = folder / f".s.PGSQL.{PORT}"
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and "," not in str(path)


def _socket_folder_secured(folder: Path, account: Account) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    owners = {os.geteuid(), account.user_id}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or found.st_mode & 0o022:
        raise EmbeddedDatabaseError(
            f"{folder} is meant for the database's socket, but somebody else made it or may write "
            "to it. Remove it, or set NEXA_DATA_DIR to a shorter path so that it isn't needed."
        )
    if found.st_uid == os.geteuid():  # else it is the server's already, from an earlier start
        folder.chmod(0o710 if account.is_lent else 0o700)
        account.own(folder)
