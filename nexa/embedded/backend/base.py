"""Django's PostgreSQL backend, which has the embedded server run before it first connects.

So only a process that needs the database starts it; `DATABASES` names `DATA_FOLDER` and `NAME`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base, client

from nexa.embedded import EmbeddedDatabaseError, start
from nexa.embedded.binaries import psql


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell` with the client that comes with the server."""

    def runshell(self, parameters: Iterable[str]) -> None:
        self.connection.get_connection_params()
        type(self).executable_name = str(psql())
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the embedded server."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Raises OperationalError, as any server that can't be reached does."""
        try:
            database = start(Path(self.settings_dict["DATA_FOLDER"]))
        except EmbeddedDatabaseError as error:
            raise OperationalError(str(error)) from error
        address = database.django_settings()
        self.settings_dict.update(
            {key: address[key] for key in ("HOST", "PORT", "USER", "PASSWORD")}
        )
        return super().get_connection_params()
