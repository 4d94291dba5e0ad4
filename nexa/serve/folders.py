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
ADVICE: Final = "Set NEXA_DATA_DIR to another folder."


def demo_folder_take(folder: Path) -> None:
    """Mark the folder as a demo's; SupervisorError when a real installation keeps its data there.

    Demos made before there was a mark are known by the secrets that they make up.
    """
    is_used = layout_of(folder).cluster.exists()
    if is_used and not is_demos(folder) and not (folder / SECRETS_FILE).exists():
        raise SupervisorError(
            f"The data folder {folder} belongs to an installation of your own (make run), and a "
            f"demo would write into its data. {ADVICE}"
        )
    (folder / MARK).touch()


def demo_folder_refuse(folder: Path) -> None:
    """Raise SupervisorError for a folder that a demo has made."""
    if is_demos(folder):
        raise SupervisorError(
            f"The data folder {folder} belongs to a demo (make demo): your keys cannot read what "
            f"is stored there, and its records are made up. {ADVICE}"
        )


def is_demos(folder: Path) -> bool:
    return any((folder / name).exists() for name in (MARK, LOGINS_FILE))
