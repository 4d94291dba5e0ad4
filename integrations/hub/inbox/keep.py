"""Keeps what a vendor told us, with its raw body, before anybody says 2xx."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database

from integrations.hub import wake
from integrations.hub.lanes import lane_of
from integrations.hub.models import Connection
from integrations.hub.types import Event, RawRequest

KEPT_HEADERS = ("content-type", "user-agent")
LONGEST_ID = 255
LONGEST_KIND = 150
UNREADABLE = "unreadable"

# One round trip and one commit: the events, their body (if any event is new) and the wake-up flag.
KEEP = """
WITH ids AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('hub_inboxbody', 'id')) AS body_id
), made AS (
    INSERT INTO hub_inboxevent
        (provider, connection_id, event_id, is_hint, kind, subject, lane, occurred_at, headers, body_id)
    SELECT %s, %s, e.event_id, e.is_hint, e.kind, e.subject, e.lane, e.occurred_at, %s::jsonb, ids.body_id
    FROM ids, unnest(%s::text[], %s::bool[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[])
        WITH ORDINALITY AS e(event_id, is_hint, kind, subject, lane, occurred_at, n)
    ORDER BY e.n
    ON CONFLICT DO NOTHING RETURNING id
), body AS (
    INSERT INTO hub_inboxbody (id, raw) SELECT body_id, %s FROM ids WHERE EXISTS (SELECT 1 FROM made)
), woken AS (
    UPDATE hub_wake SET is_pending = true, at = statement_timestamp()
    WHERE name = %s AND EXISTS (SELECT 1 FROM made)
      AND (NOT is_pending OR at < statement_timestamp() - %s * interval '1 second')
    RETURNING 1
)
SELECT (SELECT count(*) FROM made), (SELECT count(*) FROM woken)
"""  # noqa: E501

REFUSE = """
INSERT INTO hub_webhookrefusal AS r (connection_id, reason, day, count)
VALUES (%s, %s, (statement_timestamp() AT TIME ZONE 'UTC')::date, 1)
ON CONFLICT (connection_id, reason, day)
DO UPDATE SET count = r.count + 1, last_at = statement_timestamp()
"""


@dataclass(frozen=True)
class Kept:
    """How many events were new, of how many; the rest had been kept before."""

    new: int
    total: int


@dataclass(frozen=True)
class EventRow:
    """An event as its row names it."""

    event_id: str
    is_hint: bool
    kind: str
    subject: str
    lane: int | None


def keep(connection: Connection, raw: RawRequest, events: Sequence[Event]) -> Kept:
    """Store the events of one verified call and commit; raises DatabaseError when that fails."""
    if not events:
        return Kept(0, 0)
    rows = [event_row(connection.pk, raw, event) for event in events]
    with database.cursor() as cursor:
        cursor.execute(KEEP, _parameters(connection, raw, events, rows))
        new, woken = cursor.fetchone()
    if woken:
        wake.ask_queue()
    return Kept(int(new), len(events))


def events_of(connection: Connection, raw: RawRequest) -> list[Event]:
    """The events of a verified body; one that cannot be read is kept for a person to see.

    The provider's reading runs again when the event is processed and fails there, with a traceback;
    once the reading is mended a replay goes through.
    """
    webhook = connection.declaration.webhook
    if webhook is None:
        return []
    try:
        return webhook.events(raw)
    except Exception:  # the boundary: what is verified is kept, whatever the provider makes of it
        return [Event(id="", kind=UNREADABLE, payload={})]


def event_row(connection_id: int, raw: RawRequest, event: Event) -> EventRow:
    """How an event is named in its row; the same for the same body, so that it is found again."""
    is_hint = not event.id
    name = event.id or _digest(raw.body, event)
    if len(name) > LONGEST_ID:
        name = hashlib.sha256(name.encode()).hexdigest()
    lane = lane_of(connection_id, "inbox", event.subject) if event.subject else None
    return EventRow(
        _text(name)[:LONGEST_ID],
        is_hint,
        _text(event.kind)[:LONGEST_KIND],
        _text(event.subject)[:LONGEST_ID],
        lane,
    )


def refusal_count(connection: Connection, reason: str) -> None:
    """A call that could not be proved leaves a number, and nothing that its sender chose."""
    with database.cursor() as cursor:
        cursor.execute(REFUSE, [connection.pk, reason[:150]])


def _parameters(
    connection: Connection, raw: RawRequest, events: Sequence[Event], rows: list[EventRow]
) -> list[Any]:
    return [
        connection.provider,
        connection.pk,
        json.dumps(_kept_headers(connection, raw)),
        [row.event_id for row in rows],
        [row.is_hint for row in rows],
        [row.kind for row in rows],
        [row.subject for row in rows],
        [row.lane for row in rows],
        [event.occurred_at for event in events],
        raw.body,
        wake.NAME,
        wake.STALE_SECONDS,
    ]


def _kept_headers(connection: Connection, raw: RawRequest) -> dict[str, str]:
    webhook = connection.declaration.webhook
    names = (*KEPT_HEADERS, *(webhook.headers if webhook else ()))
    return {name: _text(raw.header(name))[:1000] for name in names if raw.header(name)}


def _digest(body: bytes, event: Event) -> str:
    payload = json.dumps(dict(event.payload), sort_keys=True, default=str).encode()
    return f"sha256:{hashlib.sha256(body + payload).hexdigest()}"


def _text(value: str) -> str:
    """PostgreSQL keeps no NUL in text."""
    return value.replace("\x00", "")
