"""Inbound: an event that happened lands in the CRM, once, in one transaction with its mark."""

from __future__ import annotations

import hashlib

from django.db import connection as database
from django.db import transaction

from crm.choices import OriginKind
from crm.services.origin import Origin
from integrations.hub.errors import Ignored
from integrations.hub.models import Connection
from integrations.hub.provider import Fact
from integrations.hub.types import Event

LONGEST_KEY = 300


def apply(connection: Connection, event: Event) -> bool:
    """Bring one event into the CRM; False when it was applied before.

    Raises Ignored for an event of no interest, and whatever the provider's code raises; nothing is
    written then. Safe to call any number of times. Raises ValueError for an event without a name,
    since all such events would be taken for one.
    """
    fact = fact_for(connection, event)
    key = _key(event)
    if fact.fetch is not None:
        event = fact.fetch(connection, event)
    with transaction.atomic():
        if not _mark(connection, key):
            return False
        fact.apply(connection, event)
    return True


def fact_for(connection: Connection, event: Event) -> Fact:
    """Raises Ignored for a kind of event the provider has no fact for."""
    fact = connection.declaration.facts.get(event.kind)
    if fact is None:
        raise Ignored(f"unknown event {event.kind}")
    return fact


def connection_origin(connection: Connection, reason: str = "") -> Origin:
    """The origin of every write that a vendor caused."""
    return Origin(OriginKind.CONNECTION, str(connection.pk), reason=reason)


def connection_source(connection: Connection) -> str:
    """The `source` of documents and activities that this connection reports."""
    return f"{connection.provider}:{connection.pk}"


def _key(event: Event) -> str:
    """The event's name before anything was fetched, which may leave it out."""
    key = (event.key or event.id).replace("\x00", "")
    if not key:
        raise ValueError(f"{event.kind} has neither id nor key; nothing tells it from another.")
    return key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def _mark(connection: Connection, key: str) -> bool:
    """True when this call made the mark; a second one waits for the first to commit."""
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO hub_appliedfact (connection_id, key) VALUES (%s, %s) "
            "ON CONFLICT (connection_id, key) DO NOTHING",
            [connection.pk, key],
        )
        return bool(cursor.rowcount)
