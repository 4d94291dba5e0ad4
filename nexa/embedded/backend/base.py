"""Django's database backend over the embedded server; nothing starts before it is needed."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from nexa.embedded import start


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL whose host, user and password come from the running embedded server."""

    def get_connection_params(self) -> dict[str, Any]:
        server = start(self.settings_dict["DATA_FOLDER"])
        self.settings_dict.update(
            HOST=str(server.socket_folder),
            PORT=str(server.port),
            USER=server.user,
            PASSWORD=server.password,
        )
        return super().get_connection_params()
