"""Who pulls a stream: one worker at a time, under a lease that each page renews."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import connection as database
from django.db.models import QuerySet

from integrations.hub import registry
from integrations.hub.errors import LeaseLost
from integrations.hub.models import SyncState

# More than the longest call and the page that follows it.
LEASE_SECONDS: Final = 120

# Objects that others link to come first, until they have been here once; one in trouble, or behind
# a person's decision, keeps nobody waiting. A connection with much to send is left in peace; its
# jobs are counted for streams that are due, not for every connection there is.
_DUE: Final = """
FROM hub_syncstate s JOIN hub_connection c ON c.id = s.connection_id
WHERE c.state = 'active' AND c.provider = ANY(%(providers)s)
  AND (c.gate_until IS NULL OR c.gate_until <= statement_timestamp())
  AND s.is_enabled AND s.hold_reason = ''
  AND ((s.stage = 'live' AND s.direction <> 'push') OR s.stage = 'rehearsing')
  AND (s.lease_until IS NULL OR s.lease_until <= statement_timestamp())
  AND NOT EXISTS (
      SELECT 1 FROM hub_syncstate b WHERE b.connection_id = s.connection_id
      AND b."order" < s."order" AND b.cursor IS NULL AND b.is_enabled AND b.stage = 'live'
      AND b.hold_reason = '' AND b.direction <> 'push' AND b.error_count < 3)
  AND (c.breaker_state = 'closed' OR NOT EXISTS (
      SELECT 1 FROM hub_namedlease n WHERE n.name = 'breaker:' || c.id
      AND n.token IS NOT NULL AND n.until > statement_timestamp()))
  AND (SELECT count(*) FROM (SELECT 1 FROM hub_syncjob j WHERE j.connection_id = s.connection_id
       AND j.state = 'ready' LIMIT %(most_jobs)s + 1) waiting) <= %(most_jobs)s
"""
STREAMS_DUE: Final = (
    f"SELECT 1 {_DUE} AND (s.next_run_at IS NULL OR s.next_run_at <= statement_timestamp())"
)
NEXT_STREAM_AT: Final = f"SELECT min(COALESCE(s.next_run_at, statement_timestamp())) {_DUE}"
_NEXT: Final = f"""
SELECT c.id {_DUE} AND (s.next_run_at IS NULL OR s.next_run_at <= statement_timestamp())
  AND NOT c.id = ANY(%(passed)s)
ORDER BY s.next_run_at NULLS FIRST, s.id LIMIT 1
"""
_CLAIM: Final = f"""
WITH chosen AS MATERIALIZED (
    SELECT s.id {_DUE} AND c.id = %(connection)s
      AND (s.next_run_at IS NULL OR s.next_run_at <= statement_timestamp())
    ORDER BY s."order", s.next_run_at NULLS FIRST, s.id LIMIT 1 FOR UPDATE OF s SKIP LOCKED
)
UPDATE hub_syncstate s SET lease_token = %(token)s, status = 'syncing',
    lease_until = statement_timestamp() + %(seconds)s * interval '1 second'
FROM chosen WHERE s.id = chosen.id RETURNING s.id
"""  # noqa: S608


# The stream is whoever's comes next.
FREE: Final[Mapping[str, None]] = {"lease_token": None, "lease_until": None}


@dataclass
class Held:
    """A stream in hand; only who has the token may move its cursor.

    `requests` counts the calls of this turn, for a turn without any tells nothing of the vendor.
    """

    state: SyncState
    token: uuid.UUID
    requests: int = 0

    def rows(self) -> QuerySet[SyncState]:
        return SyncState.objects.filter(pk=self.state.pk, lease_token=self.token)

    def write(self, **values: Any) -> None:
        """Raises LeaseLost, and writes nothing, when another worker has the stream by now."""
        if not self.rows().update(**values):
            raise LeaseLost(f"{self.state} is pulled by another worker by now.")
        for name, value in values.items():
            if not hasattr(value, "resolve_expression"):
                setattr(self.state, name, value)


def parameters(**values: Any) -> dict[str, Any]:
    """What the statements about due streams take."""
    return {"providers": registry.ids(), "most_jobs": settings.SYNC_MAX_WAITING, **values}


def connection_next(passed_over: Collection[int] = ()) -> int | None:
    """The id of a connection with a stream that is due."""
    return _id(_NEXT, parameters(passed=list(passed_over)))


def claim(connection_id: int) -> Held | None:
    """The connection's first due stream, leased to us."""
    token = uuid.uuid4()
    values = parameters(connection=connection_id, token=token, seconds=LEASE_SECONDS)
    state_id = _id(_CLAIM, values)
    if state_id is None:
        return None
    return Held(SyncState.objects.select_related("connection__workspace").get(pk=state_id), token)


def renew(held: Held) -> None:
    """Before each call; raises LeaseLost when another worker has the stream by now."""
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE hub_syncstate SET lease_until = "
            "statement_timestamp() + %s * interval '1 second' WHERE id = %s AND lease_token = %s",
            [LEASE_SECONDS, held.state.pk, held.token],
        )
        if not cursor.rowcount:
            raise LeaseLost(f"{held.state} is pulled by another worker by now.")


def release(held: Held, **values: Any) -> None:
    """Leave the stream to whoever comes next; nothing happens when it is another's already."""
    held.rows().update(**FREE, **values)


def _id(statement: str, values: dict[str, Any]) -> int | None:
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return int(row[0]) if row else None
