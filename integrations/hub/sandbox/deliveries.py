"""Sends the vendors' web-hooks: one thread, in order, with retries; each attempt signed anew."""

from __future__ import annotations

import heapq
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from integrations.hub.sandbox.store import Collection, Json, Store

logger = logging.getLogger(__name__)

COLLECTION = "_deliveries"
KEPT = 500
TIMEOUT_SECONDS = 10
# After these waits a vendor gives up; shortened so that a demo shows it.
RETRY_SECONDS = (1, 3, 10, 30, 120, 600)
WAITING, HELD, DELIVERED, FAILED, DROPPED = "waiting", "held", "delivered", "failed", "dropped"

Sign = Callable[[str, bytes], Mapping[str, str]]
# The body of an attempt: as it was kept, and how often it was tried before.
Rewrite = Callable[[bytes, int], bytes]


@dataclass
class Switches:
    """How the web-hooks of one vendor misbehave; counts are of the next deliveries."""

    hold: bool = False
    drop: int = 0
    duplicate: int = 0


@dataclass(frozen=True)
class Message:
    """A web-hook to send: which endpoint of the vendor, where, and the exact body."""

    endpoint: str
    url: str
    event: str
    kind: str
    body: str


class Deliverer:
    """All vendors' deliveries; what a stop left unsent is sent after a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._signers: dict[str, Sign] = {}
        self._rewriters: dict[str, Rewrite] = {}
        self._switches: dict[str, Switches] = {}
        self._due: list[tuple[float, int, str, str]] = []
        self._order = 0
        self._changed = threading.Condition()
        self._busy = False
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="sandbox-webhooks", daemon=True)

    # --- Set-up -------------------------------------------------------------------------------

    def register(self, provider: str, sign: Sign, rewrite: Rewrite | None = None) -> None:
        """Know how a vendor signs, and take up what it had left to send."""
        self._signers[provider] = sign
        if rewrite is not None:
            self._rewriters[provider] = rewrite
        self._switches[provider] = Switches()
        for row in reversed(list(self._rows(provider).newest_first())):
            if row["state"] == WAITING:
                self._schedule(provider, row["id"], at=time.monotonic())

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(TIMEOUT_SECONDS + 1)

    # --- What a fake and the control page ask --------------------------------------------------

    def switches(self, provider: str) -> Switches:
        return self._switches[provider]

    def post(self, provider: str, message: Message) -> None:
        """Queue one web-hook, as the switches have it."""
        switches = self._switches[provider]
        copies = 1
        state = WAITING
        if switches.drop:
            switches.drop -= 1
            state = DROPPED
        elif switches.duplicate:
            switches.duplicate -= 1
            copies = 2
        if state == WAITING and switches.hold:
            state = HELD
        for _ in range(copies):
            self._keep(provider, message, state)

    def release(self, provider: str, *, backwards: bool) -> int:
        """Send what is held, oldest or newest first, and hold no more."""
        self._switches[provider].hold = False
        held = [row for row in self._rows(provider).newest_first() if row["state"] == HELD]
        ordered = held if backwards else held[::-1]
        for row in ordered:
            self._save(provider, {**row, "state": WAITING})
            self._schedule(provider, row["id"], at=time.monotonic())
        return len(ordered)

    def log(self, provider: str, limit: int = KEPT) -> list[Json]:
        """Newest first, without the bodies."""
        shown: list[Json] = []
        for row in self._rows(provider).newest_first():
            if len(shown) == limit:
                break
            shown.append({name: value for name, value in row.items() if name != "body"})
        return shown

    def wait_idle(self, timeout: float = 10.0) -> bool:
        """Whether everything due was sent in time; retries of later are not waited for."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout)

    def forget(self, provider: str) -> None:
        with self._changed:
            self._due = [due for due in self._due if due[2] != provider]
            heapq.heapify(self._due)
            self._switches[provider] = Switches()
            self._changed.notify_all()

    # --- The thread ----------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._stopping and not self._is_due():
                    self._changed.wait(self._seconds_to_next())
                if self._stopping:
                    return
                _, _, provider, delivery = heapq.heappop(self._due)
                self._busy = True
            try:
                self._attempt(provider, delivery)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _attempt(self, provider: str, delivery: str) -> None:
        row = self._rows(provider).get(delivery)
        if row is None or row["state"] != WAITING:
            return
        attempt = self._send(provider, row)
        row["attempts"].append(attempt)
        tries = len(row["attempts"])
        if attempt["status"] is not None and 200 <= attempt["status"] < 300:
            row["state"] = DELIVERED
        elif tries > len(RETRY_SECONDS):
            row["state"] = FAILED
        self._save(provider, row)
        if row["state"] == WAITING:
            wait = RETRY_SECONDS[tries - 1]
            self._schedule(provider, delivery, at=time.monotonic() + wait)

    def _send(self, provider: str, row: Json) -> dict[str, Any]:
        body = row["body"].encode()
        if rewrite := self._rewriters.get(provider):
            body = rewrite(body, len(row["attempts"]))
        began = time.monotonic()
        attempt: dict[str, Any] = {"at": int(time.time()), "status": None, "error": ""}
        try:
            response = requests.post(
                row["url"],
                data=body,
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    **self._signers[provider](row["endpoint"], body),
                },
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
            attempt["status"] = response.status_code
        except requests.RequestException as error:
            attempt["error"] = type(error).__name__
        attempt["milliseconds"] = int((time.monotonic() - began) * 1000)
        return attempt

    # --- Rows and the queue --------------------------------------------------------------------

    def _rows(self, provider: str) -> Collection:
        return Collection(self._store, provider, COLLECTION)

    def _keep(self, provider: str, message: Message, state: str) -> None:
        row: Json = {
            "id": uuid.uuid4().hex,
            "endpoint": message.endpoint,
            "url": message.url,
            "event": message.event,
            "kind": message.kind,
            "body": message.body,
            "state": state,
            "attempts": [],
        }
        rows = self._rows(provider)
        rows.put(row["id"], row)
        rows.keep_newest(KEPT)
        if state == WAITING:
            self._schedule(provider, row["id"], at=time.monotonic())

    def _save(self, provider: str, row: Json) -> None:
        self._rows(provider).put(row["id"], row)

    def _schedule(self, provider: str, delivery: str, *, at: float) -> None:
        with self._changed:
            self._order += 1
            heapq.heappush(self._due, (at, self._order, provider, delivery))
            self._changed.notify_all()

    def _is_due(self) -> bool:
        return bool(self._due) and self._due[0][0] <= time.monotonic()

    def _is_idle(self) -> bool:
        return not self._busy and not self._is_due()

    def _seconds_to_next(self) -> float | None:
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
