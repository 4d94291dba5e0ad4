"""One vendor in the sandbox: its fake, its rows, its web-hooks and its misbehaviour."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from integrations.hub.sandbox.deliveries import Deliverer, Message
from integrations.hub.sandbox.fake import Fake, SandboxApp
from integrations.hub.sandbox.misbehaviour import COMMON_KINDS, Misbehaviour
from integrations.hub.sandbox.store import Collection, Store, forget

REMEMBERED_REQUESTS = 1000


@dataclass(frozen=True)
class Seen:
    """One request in short; `status` is None when the reply was lost."""

    at: int
    method: str
    path: str
    status: int | None
    fault: str


class Vendor:
    """What the frame gives a fake, and what the control pages show of it."""

    fake: Fake

    def __init__(self, app: SandboxApp, store: Store, deliverer: Deliverer) -> None:
        self.app = app
        self.store = store
        self.deliverer = deliverer
        self.requests: deque[Seen] = deque(maxlen=REMEMBERED_REQUESTS)
        self.fake = app.open(self)
        self.misbehaviour = Misbehaviour(frozenset(COMMON_KINDS) | frozenset(self.fake.faults))
        # A vendor that numbers its attempts in the body says so with `webhook_body`.
        rewrite = getattr(self.fake, "webhook_body", None)
        deliverer.register(app.id, self.fake.webhook_headers, rewrite)

    def collection(self, name: str) -> Collection:
        return Collection(self.store, self.app.id, name)

    def post_webhook(self, message: Message) -> None:
        self.deliverer.post(self.app.id, message)

    def now(self) -> int:
        """Unix seconds."""
        return int(time.time())

    def see(self, method: str, path: str, status: int | None, fault: str = "") -> None:
        self.requests.append(Seen(self.now(), method, path, status, fault))

    def reset(self) -> None:
        """A vendor as on the first day."""
        self.misbehaviour.clear()
        self.deliverer.forget(self.app.id)
        forget(self.store, self.app.id)
        self.requests.clear()
