"""Whose data folder it is: a demo's and a real installation's never become one.

Both are the same folder where nobody names one, and each has keys that cannot read what the other
has stored.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nexa.configuration import SECRETS_FILE
from nexa.demo.logins import LOGINS_FILE
from nexa.embedded.paths import layout_of
from nexa.supervisor import SupervisorError

MARK: Final = "made-by-demo"
OWN_MARK: Final = "made-by-installation"
ADVICE: Final = "Set NEXA_DATA_DIR to another folder."


def demo_folder_take(folder: Path) -> None:
    """Mark the folder as a demo's; SupervisorError when a real installation keeps its data there.

    Demos made before there was a mark are known by the secrets that they make up.
    """
    is_own = (folder / OWN_MARK).exists()
    is_used = layout_of(folder).cluster.exists()
    is_known = is_demos(folder) or (folder / SECRETS_FILE).exists()
    if is_own or (is_used and not is_known):
        raise SupervisorError(
            f"The data folder {folder} belongs to an installation of your own (make run), and a "
            f"demo would write into its data. {ADVICE}"
        )
    (folder / MARK).touch()


def installation_folder_take(folder: Path) -> None:
    """Mark the folder as an installation's; SupervisorError when its database is a demo's.

    Marks without a database are a demo's that is gone: left, they would have ours taken for one.
    What else that one has left must not let the next take the folder for its own.
    """
    marks = demo_marks(folder)
    if marks and layout_of(folder).cluster.exists():
        named = " and ".join(str(mark) for mark in marks)
        raise SupervisorError(
            f"The database in {folder} was made by a demo (make demo), as {named} tells: its "
            f"records are made up, and your keys cannot read what is stored there. {ADVICE} "
            f"Uploads of your own, in {folder / 'files'}, have to move there as well. With a "
            "database server of your own, set DATABASE_URL, and this folder may stay."
        )
    for mark in marks:
        mark.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / OWN_MARK).touch()


def is_demos(folder: Path) -> bool:
    return bool(demo_marks(folder))


def demo_marks(folder: Path) -> list[Path]:
    return [folder / name for name in (MARK, LOGINS_FILE) if (folder / name).exists()]
