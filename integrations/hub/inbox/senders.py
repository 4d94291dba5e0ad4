"""Which connection a web-hook address belongs to, without a query for each call.

What is remembered is proved in the statement that keeps the events, so that a connection which was
changed, disconnected or deleted meanwhile is read anew and never served from memory.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from django.db import connection as database

from integrations.hub import bound, registry
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection

REMEMBERED: Final = 1_000
FIELDS: Final = ("id", "name", "provider", "state", "workspace_id")

# All that decides whether a call is accepted and how it is read.
PROOF: Final = "md5(c.credentials || c.settings::text || c.state)"
_READ: Final = f"""
SELECT {", ".join(f"c.{name}" for name in FIELDS)}, c.credentials, c.settings::text, {PROOF}
FROM hub_connection c WHERE c.provider = %s AND"""  # noqa: S608 (only our own constants are put in)
LOOKUP: Final = f"{_READ} c.webhook_key = %s"
LOOKUP_ALL: Final = f"{_READ} c.state <> 'disabled' ORDER BY c.id"


@dataclass(frozen=True)
class Sender:
    """A connection as it was read, and the proof by which the database knows it again."""

    connection: Connection
    proof: str


class _Memory:
    """The senders heard last, at most REMEMBERED of them; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._senders: OrderedDict[tuple[str, str], Sender] = OrderedDict()

    def get(self, address: tuple[str, str]) -> Sender | None:
        with self._lock:
            return self._senders.get(address)

    def put(self, address: tuple[str, str], sender: Sender | None) -> None:
        with self._lock:
            self._senders.pop(address, None)
            if sender is not None:
                self._senders[address] = sender
            if len(self._senders) > REMEMBERED:
                self._senders.popitem(last=False)


_memory = _Memory()


def sender_remembered(provider: str, key: str) -> Sender | None:
    """As it was when last read; only for what proves it again before anything is kept."""
    return _memory.get((provider, key))


def sender_read(provider: str, key: str) -> Sender | None:
    """As it is now; None when no connection has this address."""
    sender = _read(provider, key) if registry.find(provider) is not None else None
    _memory.put((provider, key), sender)
    return sender


def senders_read(provider: str) -> list[Sender]:
    """All that may speak for a provider, of every workspace, as they are now."""
    with database.cursor() as cursor:
        cursor.execute(LOOKUP_ALL, [provider])
        return [_sender(row) for row in cursor.fetchall()]


def _read(provider: str, key: str) -> Sender | None:
    row = bound.row(LOOKUP, (provider, key))
    return None if row is None else _sender(row, webhook_key=key)


def _sender(row: tuple[Any, ...], **known: Any) -> Sender:
    *plain, credentials, settings, proof = row
    connection = Connection(
        **dict(zip(FIELDS, plain, strict=True)), settings=json.loads(settings), **known
    )
    connection.credentials = Secrets(token=credentials) if credentials else Secrets()
    return Sender(connection, proof)
