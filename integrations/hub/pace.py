"""How one connection is worked with: how long calls and leases last, retries, what goes first."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from integrations.hub.models import Connection
from integrations.hub.policy import LADDER_SECONDS
from integrations.hub.provider import Priority

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 20.0
# From the first byte of an answer to its last; a vendor who drips it cannot hold a worker.
BODY_SECONDS: Final = 25.0
# What a provider may ask for: a pump that begins its last call still ends before its task does.
LONGEST_READ_SECONDS: Final = 60.0
LEASE_MARGIN_SECONDS: Final = 10.0
LONGEST_DELAY_SECONDS: Final = 86_400.0
MOST_RETRIES: Final = 20

# How far work stands before its time in the queue: later work of a higher rank overtakes so much.
HEAD_START_SECONDS: Final[dict[Priority, int]] = {"high": 300, "medium": 120, "low": 0}
BULK_HEAD_START_SECONDS: Final = -60
# More records than this in one write are bulk work: a person's edit overtakes them.
BULK_SIZE: Final = 20


def read_seconds(connection: Connection) -> float:
    """How long the vendor may think before it answers; its provider may ask for more or less."""
    declared = connection.declaration.read_seconds
    asked = declared(connection) if declared else READ_SECONDS
    return min(max(asked, 0.1), LONGEST_READ_SECONDS)


def lease_seconds(connection: Connection) -> float:
    """Longer than the longest call that may follow a renewal."""
    slowest = CONNECT_SECONDS + max(read_seconds(connection), READ_SECONDS) + BODY_SECONDS
    return slowest + LEASE_MARGIN_SECONDS


def retry_delays(connection: Connection) -> tuple[float, ...]:
    """Seconds before each retry of work that failed; as many retries as there are delays."""
    declared = connection.declaration.retry_delays
    asked = declared(connection) if declared else LADDER_SECONDS
    return tuple(min(max(seconds, 0.0), LONGEST_DELAY_SECONDS) for seconds in asked[:MOST_RETRIES])


def head_start(
    connection: Connection, kind: str, *, count: int = 1, fields: Collection[str] = ()
) -> int:
    """Seconds of head start for `count` records of a type (and changed fields), or a command."""
    if count > BULK_SIZE:
        return BULK_HEAD_START_SECONDS
    declared = connection.declaration.priority
    return HEAD_START_SECONDS[declared(connection, kind, fields) if declared else "high"]
