"""Whether the database is newer than the code of this process.

A worker that was started before a new version goes on with what it has loaded, and would write rows
as they were then. A new version without a migration is none that tables could tell from this one.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.apps import apps
from django.utils import timezone

WORDS = "The database was migrated by a newer version: this process must be started again."


class OutdatedCode(Exception):
    """This process does nothing more; whoever started it starts the version that is there now."""


class _Code:
    """The migrations that were there when the process began."""

    began_at: datetime
    known: list[str]

    def remember(self) -> None:
        """Call it once all apps are known, before the process makes others like itself."""
        self.began_at = timezone.now()
        self.known = sorted(
            f"{app.label}.{file.stem}"
            for app in apps.get_app_configs()
            for file in (Path(app.path) / "migrations").glob("*.py")
        )


code = _Code()
