"""Leases on rows of work: handed out in turn by connection, renewed while held, taken back after.

Every comparison of times is made by the database, so a worker's clock never matters.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
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
# Its first row by the order of the index: EXISTS would be a join, which reads all rows that wait.
_NEXT_CONNECTION = """
UPDATE hub_connection SET last_served_at = clock_timestamp()
WHERE id = (
    SELECT c.id FROM hub_connection c
    WHERE {is_served} AND c.provider = ANY(%s) AND NOT c.id = ANY(%s)
      AND (SELECT true FROM {table} w WHERE w.connection_id = c.id AND w.state = '{waiting}'
           AND w.run_at <= statement_timestamp() ORDER BY {order} LIMIT 1)
    ORDER BY c.last_served_at NULLS FIRST, c.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id
"""

# MATERIALIZED: inside a bare IN (…) the LIMIT with its row lock may be evaluated more than once.
# Of a lane one row at most is leased, in the order of lanes, so that two workers never wait for
# each other. A row whose worker was lost is handed out alone: if it takes this one with it too,
# none of its neighbours is suspected.
_CLAIM = """
WITH chosen AS MATERIALIZED (
    SELECT w.id, w.lane, w.claims, {family} AS family,
           row_number() OVER (ORDER BY {order}) AS place
    FROM (
        SELECT w.* FROM {table} w JOIN hub_connection c ON c.id = w.connection_id
        WHERE c.id = %s AND {is_served}
          AND w.state = '{waiting}' AND w.run_at <= statement_timestamp()
          AND NOT EXISTS (SELECT 1 FROM {table} l WHERE l.lane = w.lane AND l.state = 'leased')
          AND {is_next}
        ORDER BY {order} LIMIT %s FOR UPDATE OF w SKIP LOCKED
    ) w
), judged AS (
    SELECT id, lane, claims, place, family, min(place) OVER (PARTITION BY lane) AS first_of_lane,
           first_value(family) OVER (ORDER BY place) AS first_family,
           first_value(claims) OVER (ORDER BY place) AS first_claims
    FROM chosen
), picked AS MATERIALIZED (
    SELECT id, place FROM judged
    WHERE place = 1 OR (place = first_of_lane AND family = first_family
                        AND claims = 0 AND first_claims = 0)
    ORDER BY lane
)
UPDATE {table} w
SET state = 'leased', lease_token = %s, claims = w.claims + 1,
    lease_until = statement_timestamp() + %s * interval '1 second'
FROM picked WHERE w.id = picked.id AND w.state = '{waiting}'
RETURNING w.id, picked.place
"""

_RENEW = """
UPDATE {table} SET lease_until = statement_timestamp() + %s * interval '1 second'
WHERE id = ANY(%s) AND lease_token = %s AND state = 'leased'
"""

_UNCOUNT = """
UPDATE {table} SET claims = GREATEST(claims - 1, 0)
WHERE id = ANY(%s) AND lease_token = %s AND state = 'leased'
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
    # What rows that are handed out together have in common, as text.
    family: str = "''"

    def connection_next(self, passed_over: Collection[int]) -> int | None:
        """The id of the connection to serve now: it takes work, has some due, waited longest."""
        return self._id(self._statements["next"], [registry.ids(), list(passed_over)])

    def claim(self, connection_id: int) -> tuple[int, uuid.UUID] | None:
        """Lease the first due row whose lane is free: its id, and the token that may finish it."""
        token = uuid.uuid4()
        ids = self.claim_many(connection_id, 1, token)
        return (ids[0], token) if ids else None

    def claim_many(self, connection_id: int, count: int, token: uuid.UUID) -> list[int]:
        """Lease up to `count` due rows of one family with one token: their ids in their order."""
        try:
            with transaction.atomic(), database.cursor() as cursor:
                values: list[Any] = [connection_id, count, token, LEASE_SECONDS]
                cursor.execute(self._statements["claim"], values)
                rows: list[tuple[int, int]] = cursor.fetchall()
        except IntegrityError:
            # Another worker leased one of the lanes in this moment: its turn, not ours.
            return self.claim_many(connection_id, 1, token) if count > 1 else []
        return [row_id for row_id, place in sorted(rows, key=itemgetter(1))]

    def renew(self, row_id: int, token: uuid.UUID, seconds: float = LEASE_SECONDS) -> bool:
        """False when somebody else holds the row by now."""
        return self.renew_many([row_id], token, seconds)

    def renew_many(
        self, row_ids: Sequence[int], token: uuid.UUID, seconds: float = LEASE_SECONDS
    ) -> bool:
        """False when somebody else holds one of the rows by now."""
        with database.cursor() as cursor:
            cursor.execute(self._statements["renew"], [seconds, list(row_ids), token])
            return bool(cursor.rowcount == len(row_ids))

    def uncount(self, row_ids: Sequence[int], token: uuid.UUID) -> None:
        """The holder lives, and lets the lease run out: it was our database that failed the rows.

        Else a disk that is full for some minutes would make poison of all that is tried meanwhile.
        """
        with database.cursor() as cursor:
            cursor.execute(self._statements["uncount"], [list(row_ids), token])

    def expired(self) -> list[int]:
        """Rows whose holder died or hangs, locked until the end of the caller's transaction."""
        with database.cursor() as cursor:
            cursor.execute(self._statements["expired"], [SWEEP_SIZE])
            return [row[0] for row in cursor.fetchall()]

    @cached_property
    def _statements(self) -> dict[str, str]:
        texts = {
            "next": _NEXT_CONNECTION,
            "claim": _CLAIM,
            "renew": _RENEW,
            "uncount": _UNCOUNT,
            "expired": _EXPIRED,
        }
        return {name: text.format(**vars(self)) for name, text in texts.items()}

    def _id(self, statement: str, values: list[Any]) -> int | None:
        with database.cursor() as cursor:
            cursor.execute(statement, values)
            row = cursor.fetchone()
        return int(row[0]) if row else None
