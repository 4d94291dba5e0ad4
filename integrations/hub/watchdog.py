"""Signs of life, for whoever must notice that a cluster lives and works no more."""

from __future__ import annotations

import os
import socket

from django.db import connection as database

from integrations.hub.outdated import WORDS, OutdatedCode, code

# What was applied before we began and is not in our code is of an old installation.
BEAT = """
INSERT INTO hub_hubheartbeat (name, at, process)
SELECT %s, statement_timestamp(), %s WHERE NOT EXISTS (
    SELECT 1 FROM django_migrations WHERE applied > %s AND app || '.' || name <> ALL(%s))
ON CONFLICT (name) DO UPDATE SET at = excluded.at, process = excluded.process
"""


def beat(name: str) -> None:
    """`name` is the part that works: `pump` or `tick`.

    Raises OutdatedCode, and shows no life, once somebody has migrated past this process's code.
    """
    process = f"{socket.gethostname()}:{os.getpid()}"[:150]
    with database.cursor() as cursor:
        cursor.execute(BEAT, [name, process, code.began_at, code.known])
        if not cursor.rowcount:
            raise OutdatedCode(WORDS)
