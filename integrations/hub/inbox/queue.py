"""Hands events out under a lease, and takes them back with their outcome."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Now

from integrations.hub import deaths
from integrations.hub.errors import LeaseLost
from integrations.hub.models import InboxEvent, InboxState
from integrations.hub.pace import lease_seconds
from integrations.hub.row_leases import CLAIMS_WITHOUT_ATTEMPT, RELEASED, LeasedRows

# Facts need no call to the vendor, so refused credentials do not hold them back; a pause does.
# The first due event of each subject only; one that waits for a retry does not hold up the others.
ROWS = LeasedRows(
    table="hub_inboxevent",
    waiting="received",
    is_served="c.state IN ('active', 'auth_failed')",
    is_next=(
        "NOT EXISTS (SELECT 1 FROM hub_inboxevent b WHERE b.lane = w.lane AND b.id < w.id"
        " AND b.state = 'received' AND b.run_at <= statement_timestamp())"
    ),
    order="w.run_at, w.id",
)


@dataclass(frozen=True)
class ClaimedEvent:
    """An event in hand; whoever holds the token may finish it."""

    event: InboxEvent
    token: uuid.UUID


def connection_next(passed_over: Collection[int] = ()) -> int | None:
    """The id of the connection whose events wait longest for their turn."""
    return ROWS.connection_next(passed_over)


def claim(connection_id: int) -> ClaimedEvent | None:
    """Lease the first due event whose subject is free."""
    held = ROWS.claim(connection_id)
    if held is None:
        return None
    event_id, token = held
    related = ("connection__workspace", "body")
    return ClaimedEvent(InboxEvent.objects.select_related(*related).get(pk=event_id), token)


def renew(claimed: ClaimedEvent) -> None:
    """Raises LeaseLost when somebody else holds the event by now."""
    seconds = lease_seconds(claimed.event.connection)
    if not ROWS.renew(claimed.event.pk, claimed.token, seconds):
        raise LeaseLost(f"Event {claimed.event.pk} is no longer held by this worker.")


def uncount(claimed: ClaimedEvent) -> None:
    """Our own database was in trouble: the lost try is not held against the event."""
    ROWS.uncount([claimed.event.pk], claimed.token)


def finish(claimed: ClaimedEvent, **values: Any) -> bool:
    """Store the outcome; False, and nothing stored, for a foreign token."""
    held = InboxEvent.objects.filter(
        pk=claimed.event.pk, lease_token=claimed.token, state=InboxState.LEASED
    )
    return bool(held.update(**RELEASED, **values))


def later(seconds: float) -> Any:
    return Now() + Value(timedelta(seconds=seconds))


def sweep() -> int:
    """Take back the events of workers that died; one that took three of them with it is dead."""
    with transaction.atomic():
        ids = ROWS.expired()
        expired = InboxEvent.objects.filter(pk__in=ids)
        poison = expired.filter(claims__gte=CLAIMS_WITHOUT_ATTEMPT)
        for event in poison.select_related("connection__workspace"):
            deaths.event_died(event.connection, reason=deaths.CRASH, words=deaths.CRASH_WORDS)
        poison.update(
            **RELEASED,
            state=InboxState.DEAD,
            reason="crashes_worker",
            last_error="Three workers ended without a result while they held this event.",
            finished_at=Now(),
        )
        expired.filter(state=InboxState.LEASED).update(**RELEASED, state=InboxState.RECEIVED)
    return len(ids)
