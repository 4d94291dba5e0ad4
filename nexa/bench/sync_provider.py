"""The provider that `bench sync` measures: as declared, counted, and not held up by its limits."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from integrations.hub import registry
from integrations.hub.provider import Provider, RateLimit
from integrations.hub.sandbox.server import installed_apps
from integrations.hub.streams import Stream

UNLIMITED = (RateLimit("bench", requests=1_000_000, seconds=1),)
RECORD_TYPE = "contact"
CALL_LOGGER = "integrations.hub.http"
PULL, READ, WRITE = "pull", "read", "write"


class NoStream(Exception):
    """No provider can take part; the message says what it lacks."""


class Requests(logging.Handler):
    """Requests to the vendor, by what the hub asked for when they were made."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.by_work: Counter[str] = Counter()
        self.work = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.by_work[self.work] += 1

    def forget(self) -> None:
        self.by_work.clear()

    @property
    def total(self) -> int:
        return sum(self.by_work.values())


@contextmanager
def counted_provider() -> Iterator[tuple[Provider, Requests]]:
    """The first provider with a stream of contacts and a fake that can be filled with them."""
    declared, requests = _declared(), Requests()
    streams = tuple(_counted(stream, requests) for stream in declared.streams)
    calls = logging.getLogger(CALL_LOGGER)
    level, propagates = calls.level, calls.propagate
    registry.remove(declared.id)
    registry.add(replace(declared, streams=streams, limits=UNLIMITED))
    calls.addHandler(requests)
    calls.setLevel(logging.INFO)
    calls.propagate = False
    try:
        yield registry.get(declared.id), requests
    finally:
        calls.removeHandler(requests)
        calls.setLevel(level)
        calls.propagate = propagates
        registry.remove(declared.id)
        registry.add(declared)


def stream_of(provider: Provider) -> Stream:
    return next(one for one in provider.streams_of(RECORD_TYPE) if one.pull is not None)


def _declared() -> Provider:
    fakes = {app.id for app in installed_apps() if app.demo_credentials}
    for provider in registry.all_providers():
        if provider.id in fakes and provider.streams_of(RECORD_TYPE):
            return provider
    raise NoStream("No provider has a stream of contacts and a fake to be filled with them.")


def _counted(stream: Stream, requests: Requests) -> Stream:
    found: dict[str, Any] = {
        name: _told(getattr(stream, name), name, requests)
        for name in (PULL, READ, WRITE)
        if getattr(stream, name) is not None
    }
    return replace(stream, **found)


def _told(call: Callable[..., Any], work: str, requests: Requests) -> Callable[..., Any]:
    def told(*given: Any) -> Any:
        before, requests.work = requests.work, work
        try:
            return call(*given)
        finally:
            requests.work = before

    return told
