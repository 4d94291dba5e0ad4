"""Named leases: what only one process may do at a time, in all processes together."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import connection as database

TAKE = """
INSERT INTO hub_namedlease AS l (name, token, fence, until)
VALUES (%s, %s, 1, statement_timestamp() + %s * interval '1 second')
ON CONFLICT (name) DO UPDATE
    SET token = excluded.token, fence = l.fence + 1, until = excluded.until
    WHERE l.until <= statement_timestamp() OR l.token IS NULL
RETURNING fence
"""
RENEW = """
UPDATE hub_namedlease SET until = statement_timestamp() + %s * interval '1 second'
WHERE name = %s AND token = %s AND until > statement_timestamp()
"""
RELEASE = "UPDATE hub_namedlease SET token = NULL WHERE name = %s AND token = %s"


@dataclass(frozen=True)
class Lease:
    """Proof of holding a name; `fence` is higher than that of every earlier holder."""

    name: str
    token: uuid.UUID
    fence: int


def take(name: str, seconds: float) -> Lease | None:
    """The lease, or None while somebody else holds it."""
    token = uuid.uuid4()
    with database.cursor() as cursor:
        cursor.execute(TAKE, [name, token, seconds])
        row = cursor.fetchone()
    return Lease(name, token, int(row[0])) if row else None


def renew(lease: Lease, seconds: float) -> bool:
    """False when the lease ran out or is another's now."""
    with database.cursor() as cursor:
        cursor.execute(RENEW, [seconds, lease.name, lease.token])
        return bool(cursor.rowcount)


def release(lease: Lease) -> None:
    """Let go at once; does nothing to a lease that is another's by now."""
    with database.cursor() as cursor:
        cursor.execute(RELEASE, [lease.name, lease.token])
