"""Embedded PostgreSQL: the server behind Nexa CRM when `DATABASE_URL` is unset.

Read `launcher.py` first: it is the whole path, and every other module is one step of it.
"""

from __future__ import annotations

from nexa.embedded.database import EmbeddedDatabase
from nexa.embedded.errors import EmbeddedDatabaseError
from nexa.embedded.launcher import release, start
from nexa.embedded.paths import data_folder_made, default_data_folder

__all__ = [
    "EmbeddedDatabase",
    "EmbeddedDatabaseError",
    "data_folder_made",
    "default_data_folder",
    "release",
    "start",
]
