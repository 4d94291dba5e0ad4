"""Leases on rows of work: handed out in turn by connection, renewed while held, taken back after.

Every comparison of times is made by the database, so a worker's clock never matters.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db import connection as database

from integrations.hub import registry

# Until the first renewal, which looks at how long a call to the vendor may take (pace).
LEASE_SECONDS: Final = 60
# A row that took so many workers with it, without one attempt recorded, is dead.
CLAIMS_WITHOUT_ATTEMPT: Final = 3
SWEEP_SIZE: Final = 200
RELEASED: Final[dict[str, Any]] = {"lease_token": None, "lease_until": None}

# The connection that waited longest; one that another worker is choosing right now is passed over.
_NEXT_CONNECTION = """
UPDATE hub_connection SET last_served_at = clock_timestamp()
WHERE id = (
    SELECT c.id FROM hub_connection c
    WHERE {is_served} AND c.provider = ANY(%s) AND NOT c.id = ANY(%s)
      AND EXISTS (SELECT 1 FROM {table} w WHERE w.connection_id = c.id
                  AND w.state = '{waiting}' AND w.run_at <= statement_timestamp())
    ORDER BY c.last_served_at NULLS FIRST, c.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id
"""

# MATERIALIZED: inside a bare IN (…) the LIMIT with its row lock may be evaluated more than once.
_CLAIM = """
WITH chosen AS MATERIALIZED (
    SELECT w.id FROM {table} w JOIN hub_connection c ON c.id = w.connection_id
    WHERE c.id = %s AND {is_served}
      AND w.state = '{waiting}' AND w.run_at <= statement_timestamp()
      AND NOT EXISTS (SELECT 1 FROM {table} l WHERE l.lane = w.lane AND l.state = 'leased')
      AND {is_next}
    ORDER BY {order} LIMIT 1 FOR UPDATE OF w SKIP LOCKED
)
UPDATE {table} w
SET state = 'leased', lease_token = %s, claims = w.claims + 1,
    lease_until = statement_timestamp() + %s * interval '1 second'
FROM chosen WHERE w.id = chosen.id AND w.state = '{waiting}'
RETURNING w.id
"""

_RENEW = """
UPDATE {table} SET lease_until = statement_timestamp() + %s * interval '1 second'
WHERE id = %s AND lease_token = %s AND state = 'leased'
"""

_EXPIRED = """
SELECT id FROM {table} WHERE state = 'leased' AND lease_until < statement_timestamp()
ORDER BY lease_until LIMIT %s FOR UPDATE SKIP LOCKED
"""


@dataclass(frozen=True)
class LeasedRows:
    """One table of work; its conditions speak of a row as `w` and of its connection as `c`."""

    table: str
    waiting: str
    is_served: str
    is_next: str
    order: str

    def connection_next(self, passed_over: Collection[int]) -> int | None:
        """The id of the connection to serve now: it takes work, has some due, waited longest."""
        return self._id(self._statements["next"], [registry.ids(), list(passed_over)])

    def claim(self, connection_id: int) -> tuple[int, uuid.UUID] | None:
        """Lease the first due row whose lane is free: its id, and the token that may finish it."""
        token = uuid.uuid4()
        try:
            with transaction.atomic():
                row_id = self._id(self._statements["claim"], [connection_id, token, LEASE_SECONDS])
        except IntegrityError:
            # Another worker leased the same lane in this moment: its turn, not ours.
            return None
        return None if row_id is None else (row_id, token)

    def renew(self, row_id: int, token: uuid.UUID, seconds: float = LEASE_SECONDS) -> bool:
        """False when somebody else holds the row by now."""
        with database.cursor() as cursor:
            cursor.execute(self._statements["renew"], [seconds, row_id, token])
            return bool(cursor.rowcount)

    def expired(self) -> list[int]:
        """Rows whose holder died or hangs, locked until the end of the caller's transaction."""
        with database.cursor() as cursor:
            cursor.execute(self._statements["expired"], [SWEEP_SIZE])
            return [row[0] for row in cursor.fetchall()]

    @cached_property
    def _statements(self) -> dict[str, str]:
        texts = {"next": _NEXT_CONNECTION, "claim": _CLAIM, "renew": _RENEW, "expired": _EXPIRED}
        return {name: text.format(**vars(self)) for name, text in texts.items()}

    def _id(self, statement: str, values: list[Any]) -> int | None:
        with database.cursor() as cursor:
            cursor.execute(statement, values)
            row = cursor.fetchone()
        return int(row[0]) if row else None
