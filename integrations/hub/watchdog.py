"""Signs of life, for whoever must notice that a cluster lives and works no more."""

from __future__ import annotations

import os
import socket

from django.db import connection as database

BEAT = """
INSERT INTO hub_hubheartbeat (name, at, process) VALUES (%s, statement_timestamp(), %s)
ON CONFLICT (name) DO UPDATE SET at = excluded.at, process = excluded.process
"""


def beat(name: str) -> None:
    """`name` is the part that works: `pump` or `tick`."""
    with database.cursor() as cursor:
        cursor.execute(BEAT, [name, f"{socket.gethostname()}:{os.getpid()}"[:150]])
