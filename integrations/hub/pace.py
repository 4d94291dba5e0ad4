"""How one connection is worked with: how long calls and leases last, retries, what goes first."""

from __future__ import annotations

from integrations.hub.models import Connection

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
# From the first byte of an answer to its last; a vendor who drips it cannot hold a worker.
BODY_SECONDS = 25.0
# What a provider may ask for: a pump that begins its last call still ends before its task does.
LONGEST_READ_SECONDS = 60.0
LEASE_MARGIN_SECONDS = 10.0


def read_seconds(connection: Connection) -> float:
    """How long the vendor may think before it answers; its provider may ask for more or less."""
    declared = connection.declaration.read_seconds
    asked = declared(connection) if declared else READ_SECONDS
    return min(max(asked, 0.1), LONGEST_READ_SECONDS)


def lease_seconds(connection: Connection) -> float:
    """Longer than the longest call that may follow a renewal."""
    slowest = CONNECT_SECONDS + max(read_seconds(connection), READ_SECONDS) + BODY_SECONDS
    return slowest + LEASE_MARGIN_SECONDS
