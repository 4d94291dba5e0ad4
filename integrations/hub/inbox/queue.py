"""Hands events out under a lease, and takes them back with their outcome."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db import connection as database
from django.db.models import Value
from django.db.models.functions import Now

from integrations.hub import deaths, registry
from integrations.hub.errors import LeaseLost
from integrations.hub.models import InboxEvent, InboxState

LEASE_SECONDS = 60
CLAIMS_WITHOUT_ATTEMPT = 3
SWEEP_SIZE = 200

# Facts need no call to the vendor, so refused credentials do not hold them back; a pause does.
NEXT_CONNECTION = """
UPDATE hub_connection SET last_served_at = clock_timestamp()
WHERE id = (
    SELECT c.id FROM hub_connection c
    WHERE c.state IN ('active', 'auth_failed') AND c.provider = ANY(%s) AND NOT c.id = ANY(%s)
      AND EXISTS (SELECT 1 FROM hub_inboxevent e WHERE e.connection_id = c.id
                  AND e.state = 'received' AND e.run_at <= statement_timestamp())
    ORDER BY c.last_served_at NULLS FIRST, c.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id
"""

# The first due event of each subject only; one that waits for a retry does not hold up the others.
CLAIM = """
WITH c AS MATERIALIZED (
    SELECT e.id FROM hub_inboxevent e JOIN hub_connection k ON k.id = e.connection_id
    WHERE k.id = %s AND k.state IN ('active', 'auth_failed')
      AND e.state = 'received' AND e.run_at <= statement_timestamp()
      AND NOT EXISTS (SELECT 1 FROM hub_inboxevent l WHERE l.lane = e.lane AND l.state = 'leased')
      AND NOT EXISTS (SELECT 1 FROM hub_inboxevent b WHERE b.lane = e.lane AND b.id < e.id
                      AND b.state = 'received' AND b.run_at <= statement_timestamp())
    ORDER BY e.run_at, e.id LIMIT 1 FOR UPDATE OF e SKIP LOCKED
)
UPDATE hub_inboxevent e
SET state = 'leased', lease_token = %s, claims = e.claims + 1,
    lease_until = statement_timestamp() + %s * interval '1 second'
FROM c WHERE e.id = c.id AND e.state = 'received'
RETURNING e.id
"""

RENEW = """
UPDATE hub_inboxevent SET lease_until = statement_timestamp() + %s * interval '1 second'
WHERE id = %s AND lease_token = %s AND state = 'leased'
"""

EXPIRED = """
SELECT id FROM hub_inboxevent WHERE state = 'leased' AND lease_until < statement_timestamp()
ORDER BY lease_until LIMIT %s FOR UPDATE SKIP LOCKED
"""

_RELEASED: dict[str, Any] = {"lease_token": None, "lease_until": None}


@dataclass(frozen=True)
class ClaimedEvent:
    """An event in hand; whoever holds the token may finish it."""

    event: InboxEvent
    token: uuid.UUID


def connection_next(passed_over: Collection[int] = ()) -> int | None:
    """The id of the connection whose events wait longest for their turn."""
    with database.cursor() as cursor:
        cursor.execute(NEXT_CONNECTION, [registry.ids(), list(passed_over)])
        row = cursor.fetchone()
    return int(row[0]) if row else None


def claim(connection_id: int) -> ClaimedEvent | None:
    """Lease the first due event whose subject is free."""
    token = uuid.uuid4()
    try:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute(CLAIM, [connection_id, token, LEASE_SECONDS])
            row = cursor.fetchone()
    except IntegrityError:
        # Another worker leased an event of the same subject in this moment: its turn, not ours.
        return None
    if row is None:
        return None
    related = ("connection__workspace", "body")
    return ClaimedEvent(InboxEvent.objects.select_related(*related).get(pk=row[0]), token)


def renew(claimed: ClaimedEvent) -> None:
    """Raises LeaseLost when somebody else holds the event by now."""
    with database.cursor() as cursor:
        cursor.execute(RENEW, [LEASE_SECONDS, claimed.event.pk, claimed.token])
        if not cursor.rowcount:
            raise LeaseLost(f"Event {claimed.event.pk} is no longer held by this worker.")


def finish(claimed: ClaimedEvent, **values: Any) -> bool:
    """Store the outcome; False, and nothing stored, for a foreign token."""
    held = InboxEvent.objects.filter(
        pk=claimed.event.pk, lease_token=claimed.token, state=InboxState.LEASED
    )
    return bool(held.update(**_RELEASED, **values))


def later(seconds: float) -> Any:
    return Now() + Value(timedelta(seconds=seconds))


def sweep() -> int:
    """Take back the events of workers that died; one that took three of them with it is dead."""
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute(EXPIRED, [SWEEP_SIZE])
            ids = [row[0] for row in cursor.fetchall()]
        expired = InboxEvent.objects.filter(pk__in=ids)
        poison = expired.filter(claims__gte=CLAIMS_WITHOUT_ATTEMPT)
        for event in poison.select_related("connection__workspace"):
            deaths.event_died(event.connection, reason=deaths.CRASH, words=deaths.CRASH_WORDS)
        poison.update(
            **_RELEASED,
            state=InboxState.DEAD,
            reason="crashes_worker",
            last_error="Three workers ended without a result while they held this event.",
            finished_at=Now(),
        )
        expired.filter(state=InboxState.LEASED).update(**_RELEASED, state=InboxState.RECEIVED)
    return len(ids)
