"""What the tests of the provider's callables share: streams, requests counted, writes made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.hub.models import Connection
from integrations.hub.streams import (
    Page,
    PullRequest,
    RemoteRecord,
    Stream,
    Write,
    Written,
)
from integrations.hubspot.client import Client
from integrations.hubspot.streams import STREAMS
from tests.sandbox import RunningSandbox

BY_NAME = {stream.object: stream for stream in STREAMS}


@dataclass(frozen=True)
class Portal:
    """A connection to the fake, and what one asks of it."""

    connection: Connection
    sandbox: RunningSandbox

    @property
    def client(self) -> Client:
        return Client(self.connection)

    def act(self, action: str, **values: str) -> str:
        return self.sandbox.act("hubspot", action, **values)

    def row(self, kind: str, identifier: str) -> dict[str, Any]:
        return next(one for one in self.sandbox.rows("hubspot", kind) if one["id"] == identifier)

    def value(self, kind: str, identifier: str, name: str) -> str:
        return str(self.row(kind, identifier)["properties"].get(name) or "")

    def calls(self, work: Callable[[], object]) -> Counter[str]:
        """How often each path was asked while `work` ran, ids taken out."""
        seen = self.sandbox.vendor("hubspot").requests
        before = len(seen)
        work()
        return Counter(f"{one.method} {one.path}" for one in list(seen)[before:])

    # --- The stream's callables -----------------------------------------------------------------

    def stream(self, name: str) -> Stream:
        return BY_NAME[name]

    def fields(self, name: str) -> tuple[str, ...]:
        mapped = (row.external for row in BY_NAME[name].mapping)
        marked = (one for one in BY_NAME[name].markers_of(self.connection) if one)
        return tuple(dict.fromkeys((*mapped, *marked)))

    def page(self, name: str, since: datetime | None = None, cursor: Any = None) -> Page:
        pull = BY_NAME[name].pull
        assert pull is not None
        return pull(self.connection, PullRequest(self.fields(name), since, cursor))

    def pulled(self, name: str, since: datetime | None = None) -> list[RemoteRecord]:
        """All pages, the cursor kept as JSON between them."""
        records: list[RemoteRecord] = []
        cursor = None
        while True:
            page = self.page(name, since, cursor)
            records += page.records
            if page.cursor is None:
                return records
            cursor = dict(page.cursor)

    def read(self, name: str, *ids: str) -> dict[str, RemoteRecord]:
        read = BY_NAME[name].read
        assert read is not None
        return {one.id: one for one in read(self.connection, ids, self.fields(name))}

    def find(self, name: str, key: str, *values: str) -> list[RemoteRecord]:
        find = BY_NAME[name].find
        assert find is not None
        return list(find(self.connection, key, values, self.fields(name)))

    def write(self, name: str, *writes: Write) -> list[Written]:
        write = BY_NAME[name].write
        assert write is not None
        return list(write(self.connection, writes))


def make(key: str, local_id: str, **values: str) -> Write:
    """A make as the hub sends it where there are markers."""
    marks = {"nexa_id": local_id, "nexa_rev": key}
    return Write(key, None, local_id, {**_named(values), **marks})


def change(key: str, read: RemoteRecord, **values: str) -> Write:
    return Write(key, read.id, "unused", {**_named(values), "nexa_rev": key}, read)


def _named(values: dict[str, str]) -> dict[str, str]:
    """`at_companies` stands for `@companies`, which is no name in Python."""
    return {
        f"@{name.removeprefix('at_')}" if name.startswith("at_") else name: value
        for name, value in values.items()
    }


def records_of(written: Sequence[Written]) -> list[RemoteRecord]:
    """Of writes that all worked."""
    assert [one.error for one in written] == [None] * len(written)
    return [one.record for one in written if one.record is not None]
