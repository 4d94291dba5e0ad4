"""Keeps what a vendor told us, with its raw body, before anybody says 2xx."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database

from integrations.hub import bound, wake
from integrations.hub.faults import fault
from integrations.hub.inbox.senders import PROOF, Sender
from integrations.hub.lanes import lane_of
from integrations.hub.models import Connection
from integrations.hub.types import Event, RawRequest

KEPT_HEADERS = ("content-type", "user-agent")
LONGEST_ID = 255
LONGEST_KIND = 150
UNREADABLE = "unreadable"

# One round trip and one commit: the sender proved, the events, their body (if any event is new) and
# the wake-up flag. Without the proof nothing is written.
KEEP = f"""
WITH known AS MATERIALIZED (
    SELECT nextval('hub_inboxbody_id_seq') AS body_id, c.id, c.provider
    FROM hub_connection c WHERE c.id = %s AND {PROOF} = %s
), made AS (
    INSERT INTO hub_inboxevent
        (provider, connection_id, event_id, is_hint, kind, subject, lane, occurred_at, headers, body_id)
    SELECT known.provider, known.id, e.event_id, e.is_hint, e.kind, e.subject, e.lane, e.occurred_at,
        %s::jsonb, known.body_id
    FROM known, json_to_recordset(%s::json) AS e(
        event_id text, is_hint bool, kind text, subject text, lane bigint, occurred_at timestamptz)
    ON CONFLICT DO NOTHING RETURNING id
), body AS (
    INSERT INTO hub_inboxbody (id, raw)
    SELECT body_id, %b FROM known WHERE EXISTS (SELECT 1 FROM made)
), woken AS (
    UPDATE hub_wake SET is_pending = true, at = statement_timestamp()
    WHERE name = %s AND EXISTS (SELECT 1 FROM made)
      AND (NOT is_pending OR at < statement_timestamp() - %s * interval '1 second')
    RETURNING 1
)
SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM made), (SELECT count(*) FROM woken)
"""  # noqa: E501, S608 (only our own constant is put in)

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


def keep(sender: Sender, raw: RawRequest, events: Sequence[Event]) -> Kept | None:
    """Store the events of one verified call and commit; None when the sender has changed since.

    Raises DatabaseError when the database cannot.
    """
    connection = sender.connection
    rows = [event_row(connection.pk, raw, event) for event in events]
    fault("inbox.keeping")
    told = bound.row(KEEP, _parameters(sender, raw, events, rows))
    fault("inbox.kept")
    is_known, new, woken = told or (0, 0, 0)
    if woken:
        wake.ask_queue_if_it_hears()
    return Kept(int(new), len(events)) if is_known else None


def events_of(connection: Connection, raw: RawRequest) -> list[Event]:
    """The events of a verified body; one that cannot be read is kept for a person to see.

    The provider's reading runs again when the event is processed and fails there, with a traceback;
    once the reading is mended a replay goes through.
    """
    try:
        return events_read(connection, raw)
    except Exception:  # the boundary: what is verified is kept, whatever the provider makes of it
        return [Event(id="", kind=UNREADABLE, payload={})]


def events_read(connection: Connection, raw: RawRequest) -> list[Event]:
    """Raises whatever the provider's reading does: ValueError for a body that is no event."""
    webhook = connection.declaration.webhook
    return [] if webhook is None else webhook.events(raw, connection)


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
    sender: Sender, raw: RawRequest, events: Sequence[Event], rows: Sequence[EventRow]
) -> list[Any]:
    told = [
        {**vars(row), "occurred_at": event.occurred_at and event.occurred_at.isoformat()}
        for row, event in zip(rows, events, strict=True)
    ]
    return [
        sender.connection.pk,
        sender.proof,
        json.dumps(_kept_headers(sender.connection, raw)),
        json.dumps(told),
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
    """PostgreSQL keeps no NUL in text, and nothing that is no character."""
    return value.replace("\x00", "").encode(errors="replace").decode()
