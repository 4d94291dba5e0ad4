"""What a client needs to know of the database, and the making of its role and database."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from nexa.embedded.errors import EmbeddedDatabaseError
from nexa.embedded.password import SUPERUSER


@dataclass(frozen=True)
class EmbeddedDatabase:
    """The address of the running database."""

    socket_folder: Path
    port: int
    user: str
    password: str = field(repr=False)
    database: str

    @property
    def url(self) -> str:
        """As libpq reads it; a socket's folder can't stand in the host's place of a URL."""
        query = urlencode({"host": str(self.socket_folder), "port": self.port}, quote_via=quote)
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{login}@/{quote(self.database, safe='')}?{query}"

    def django_settings(self) -> dict[str, Any]:
        """One entry of Django's `DATABASES`."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(self.socket_folder),
            "PORT": str(self.port),
            "USER": self.user,
            "PASSWORD": self.password,
            "NAME": self.database,
        }


def database_made(address: EmbeddedDatabase) -> None:
    """Make the role and its database unless they are there; proves that the server answers.

    The application's role isn't a superuser: it owns its database, and may make others for tests.
    """
    try:
        with _connected(address) as connection:
            if not _exists(connection, "pg_roles", "rolname", address.user):
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                        sql.Identifier(address.user), sql.Literal(address.password)
                    )
                )
            if not _exists(connection, "pg_database", "datname", address.database):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(address.database), sql.Identifier(address.user)
                    )
                )
    except psycopg.Error as error:
        raise EmbeddedDatabaseError(
            f"The database server runs in {address.socket_folder} but refuses: {error}. If the "
            "password is refused, the file `password` in the data folder isn't the one this "
            "database was made with: put it back from a backup."
        ) from error


def answers(address: EmbeddedDatabase) -> bool:
    """Whether a server accepts a connection at this address right now."""
    try:
        with _connected(address):
            return True
    except psycopg.Error:
        return False


def _connected(address: EmbeddedDatabase) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(
        host=str(address.socket_folder),
        port=address.port,
        user=SUPERUSER,
        password=address.password,
        dbname="postgres",
        connect_timeout=10,
        autocommit=True,
        application_name="nexa-embedded",
    )


def _exists(
    connection: psycopg.Connection[tuple[Any, ...]], catalog: str, column: str, name: str
) -> bool:
    query = sql.SQL("SELECT 1 FROM {} WHERE {} = {}").format(
        sql.Identifier(catalog), sql.Identifier(column), sql.Literal(name)
    )
    return connection.execute(query).fetchone() is not None
