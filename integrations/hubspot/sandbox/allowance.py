"""The rates HubSpot keeps, by token: rolling ten seconds, a second of searches, a day."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass

from integrations.hubspot.sandbox.errors import too_many
from integrations.hubspot.sandbox.moments import DAY_MS, now_ms

PRIVATE_APP = "pat-"
TEN_SECONDS, ONE_SECOND = 10_000, 1000


@dataclass
class Numbers:
    """As published; the control page changes them."""

    oauth: int = 110
    private: int = 100
    daily: int = 250_000
    search: int = 5


class Allowance:
    """Counts the calls; one that is refused is not counted."""

    def __init__(self) -> None:
        self.numbers = Numbers()
        self._lock = threading.Lock()
        self._calls: dict[str, deque[int]] = defaultdict(deque)
        self._searches: deque[int] = deque()
        self._days: dict[tuple[str, int], int] = defaultdict(int)

    def forget(self) -> None:
        with self._lock:
            self.numbers = Numbers()
            self._calls.clear()
            self._searches.clear()
            self._days.clear()

    def take(self, token: str, *, is_search: bool) -> dict[str, str]:
        """The headers of the reply; raises 429. A search's reply has none of them."""
        now = now_ms()
        is_private = token.startswith(PRIVATE_APP)
        most = self.numbers.private if is_private else self.numbers.oauth
        with self._lock:
            calls, day = self._calls[token], (token, now // DAY_MS)
            _drop(calls, now - TEN_SECONDS)
            _drop(self._searches, now - ONE_SECOND)
            if is_private and self._days[day] >= self.numbers.daily:
                raise too_many("DAILY", self._headers(most, 0, day, is_private))
            if len(calls) >= most:
                raise too_many("TEN_SECONDLY_ROLLING", self._headers(most, 0, day, is_private))
            if is_search and len(self._searches) >= self.numbers.search:
                raise too_many("SECONDLY")
            calls.append(now)
            self._days[day] += 1
            if is_search:
                self._searches.append(now)
                return {}
            return self._headers(most, most - len(calls), day, is_private)

    def _headers(
        self, most: int, left: int, day: tuple[str, int], is_private: bool
    ) -> dict[str, str]:
        headers = {
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(left),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(TEN_SECONDS),
        }
        if is_private:
            headers["X-HubSpot-RateLimit-Daily"] = str(self.numbers.daily)
            left_today = max(0, self.numbers.daily - self._days[day])
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(left_today)
        return headers


def _drop(calls: deque[int], until: int) -> None:
    while calls and calls[0] <= until:
        calls.popleft()
