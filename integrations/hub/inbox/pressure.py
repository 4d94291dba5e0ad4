"""Whether so many events wait that vendors are asked to send again later, before the disk fills."""

from __future__ import annotations

import logging
import time
from threading import Lock
from typing import Final

from django.conf import settings
from django.db import connection as database

logger = logging.getLogger("integrations.hub.webhook")

# Each web process looks this often by itself: also, and above all, while no worker runs.
LOOK_SECONDS: Final = 15.0

# Costs as much as what waits and no more than the limit; no count of the whole table.
WAITING = """
SELECT count(*) FROM (SELECT 1 FROM hub_inboxevent WHERE state = 'received' LIMIT %s) waiting
"""


class _Gauge:
    """What this process saw last; one thread looks, the others go by what is known."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next_look = 0.0
        self._is_full = False

    def is_full(self) -> bool:
        if time.monotonic() >= self._next_look and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._is_full

    def forget(self) -> None:
        self._next_look = 0.0
        self._is_full = False

    def _look(self) -> None:
        is_full = waiting_count() > settings.INBOX_MAX_WAITING
        if is_full and not self._is_full:
            logger.error(
                "the inbox is full: web-hooks are answered with 503 until workers catch up"
            )
        self._is_full = is_full
        self._next_look = time.monotonic() + LOOK_SECONDS


gauge = _Gauge()


def is_full() -> bool:
    """More events wait than INBOX_MAX_WAITING, as of at most LOOK_SECONDS ago."""
    return gauge.is_full()


def waiting_count() -> int:
    """How many events wait; one more than the limit at most."""
    with database.cursor() as cursor:
        cursor.execute(WAITING, [settings.INBOX_MAX_WAITING + 1])
        (count,) = cursor.fetchone()
    return int(count)
