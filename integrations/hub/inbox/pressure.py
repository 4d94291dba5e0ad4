"""Whether vendors are asked to send again later: too many events wait, or the disk fills."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from threading import Lock
from typing import Any, Final

from django.conf import settings
from django.db import connection as database

from integrations.hub import disk, registry
from integrations.hub.selectors import EVENTS_SERVED

logger = logging.getLogger("integrations.hub.webhook")

# Each web process looks this often by itself: also, and above all, while no worker runs.
LOOK_SECONDS: Final = 15.0
REMEMBERED: Final = 1_000

# Cost as much as what waits and no more than the limit; no count of the whole table.
WAITING = f"SELECT count(*) FROM (SELECT 1 {EVENTS_SERVED} LIMIT %(most)s + 1) kept"  # noqa: S608
CONNECTION_FULL = """
SELECT EXISTS (SELECT 1 FROM hub_inboxevent
               WHERE connection_id = %s AND state = 'received' OFFSET %s)
"""


class _Gauge:
    """What this process saw last; one thread looks, the others go by what is known."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next_look = 0.0
        self._is_crowded = False
        self._is_disk_short = False

    def is_full(self) -> bool:
        if time.monotonic() >= self._next_look and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._is_crowded or self._is_disk_short

    def forget(self) -> None:
        self._next_look = 0.0
        self._is_crowded = self._is_disk_short = False

    def _look(self) -> None:
        short = disk.short_disk()
        if short is not None and not self._is_disk_short:
            logger.error("the disk is nearly full: %s", short.words)
        self._is_disk_short = short is not None
        is_crowded = waiting_count() > settings.INBOX_MAX_WAITING
        if is_crowded and not self._is_crowded:
            logger.error(
                "the inbox is full: web-hooks are answered with 503 until workers catch up"
            )
        self._is_crowded = is_crowded
        self._next_look = time.monotonic() + LOOK_SECONDS


class _ConnectionGauges:
    """The same for each of the connections heard last; two threads may look at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: OrderedDict[int, tuple[float, bool]] = OrderedDict()

    def is_full(self, connection_id: int) -> bool:
        with self._lock:
            next_look, is_full = self._seen.get(connection_id, (0.0, False))
        if time.monotonic() < next_look:
            return is_full
        was_full, is_full = is_full, connection_has_too_many(connection_id)
        if is_full and not was_full:
            logger.error("connection %s has too many events waiting: 503 for it", connection_id)
        with self._lock:
            self._seen[connection_id] = (time.monotonic() + LOOK_SECONDS, is_full)
            self._seen.move_to_end(connection_id)
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return is_full

    def forget(self) -> None:
        with self._lock:
            self._seen.clear()


gauge = _Gauge()
connection_gauges = _ConnectionGauges()


def is_full() -> bool:
    """More events wait than INBOX_MAX_WAITING, or less of the disk is free than the reserve.

    As of at most LOOK_SECONDS ago.
    """
    return gauge.is_full()


def is_connection_full(connection_id: int) -> bool:
    """One connection, served or paused, holds its share and more, as of LOOK_SECONDS ago."""
    return connection_gauges.is_full(connection_id)


def connection_most() -> int:
    """Half of all that may wait, so that one connection alone cannot shut out the others."""
    return max(1, settings.INBOX_MAX_WAITING // 2)


def waiting_count() -> int:
    """How many events wait for a worker; one more than the limit at most."""
    with database.cursor() as cursor:
        values: dict[str, Any] = {"most": settings.INBOX_MAX_WAITING, "providers": registry.ids()}
        cursor.execute(WAITING, values)
        (count,) = cursor.fetchone()
    return int(count)


def connection_has_too_many(connection_id: int) -> bool:
    with database.cursor() as cursor:
        cursor.execute(CONNECTION_FULL, [connection_id, connection_most()])
        (is_full,) = cursor.fetchone()
    return bool(is_full)
