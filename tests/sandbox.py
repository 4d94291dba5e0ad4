"""Starts the vendors' sandbox inside a test, on a free port; the vendors' side only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integrations.hub.sandbox.server import SandboxServer
from integrations.hub.sandbox.store import Json
from integrations.hub.sandbox.vendor import Vendor


class RunningSandbox:
    """What a test asks of the sandbox; `url` is what NEXA_SANDBOX_URL would be."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.url = server.url

    def vendor(self, provider: str) -> Vendor:
        return self.server.vendors[provider]

    def rows(self, provider: str, collection: str) -> list[Json]:
        """Everything the vendor holds of one kind, newest first."""
        return list(self.vendor(provider).collection(collection).newest_first())

    def act(self, provider: str, action: str, **values: str) -> str:
        """Do what a person would do in the vendor's dashboard."""
        return self.vendor(provider).fake.actions[action].run(values)

    def misbehave(self, provider: str, kind: str, **options: Any) -> None:
        """See integrations.hub.sandbox.misbehaviour: method, path, value, skip, times."""
        self.vendor(provider).misbehaviour.add(kind, **options)

    def calls(self, provider: str, method: str, path: str) -> int:
        """How many requests of that method the vendor saw on exactly that path."""
        seen = self.vendor(provider).requests
        return sum(1 for request in seen if (request.method, request.path) == (method, path))

    def wait_delivered(self, timeout: float = 10.0) -> bool:
        return self.server.wait_delivered(timeout)


@contextmanager
def running_sandbox(
    store: Path | None = None, *, is_recorded: bool = True
) -> Iterator[RunningSandbox]:
    """NEXA_SANDBOX_RECORD=FILE records every exchange; tests of wrong requests are left out."""
    record = os.environ.get("NEXA_SANDBOX_RECORD") if is_recorded else None
    server = SandboxServer(store=store, record=Path(record) if record else None)
    server.start()
    try:
        yield RunningSandbox(server)
    finally:
        server.stop()
