"""A provider whose handlers end as the world that runs them says; no call leaves the process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from integrations.hub import registry
from integrations.hub.access import ApiKeyAuth
from integrations.hub.commands import Command
from integrations.hub.errors import (
    AuthExpired,
    Forbidden,
    GateClosed,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
)
from integrations.hub.http.exchange import Exchange, check_guard, keep
from integrations.hub.models import Connection
from integrations.hub.provider import Provider
from integrations.hub.pushes import Push
from integrations.hub.types import AccountInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDER_ID = "scripted"

# What a call may meet, by the word the machines draw.
ENDINGS: dict[str, Callable[[], Exception | None]] = {
    "done": lambda: None,
    "down": lambda: RetryLater("503"),
    "silent": lambda: OutcomeUnknown("no answer"),
    "refused": lambda: Rejected("422"),
    "forbidden": lambda: Forbidden("403"),
    "rate": lambda: RateLimited(after=30),
    "rate without a time": lambda: RateLimited(),
    "own limiter": lambda: RateLimited(after=2, is_local=True),
    "auth": lambda: AuthExpired("401"),
    "gate": lambda: GateClosed(after=5),
    "bug": lambda: ZeroDivisionError("a bug"),
}
# These tell about the connection: they never use up one of the record's retries.
UNCOUNTED = {"rate", "rate without a time", "own limiter", "auth", "gate"}

_handler: ContextVar[Callable[[], str] | None] = ContextVar("scripted_handler", default=None)


@contextmanager
def handling(handler: Callable[[], str]) -> Iterator[None]:
    """What is run inside is handled by `handler`, which gives the word of its ending."""
    token = _handler.set(handler)
    try:
        yield
    finally:
        _handler.reset(token)


def _handle(connection: Connection) -> None:
    handler = _handler.get()
    assert handler is not None
    check_guard()  # as the session does before each call
    ending = ENDINGS[handler()]()
    keep(
        Exchange("PUT", "https://api.scripted.test/x", 200, 1, "", "digest", "", ""),
        provider=PROVIDER_ID,
        connection_id=connection.pk,
    )
    if ending is not None:
        raise ending


def _push(push: Push) -> None:
    _handle(push.connection)


def _command(command: Command) -> None:
    _handle(command.connection)


provider = Provider(
    id=PROVIDER_ID,
    name="Scripted",
    summary="Ends as it is told.",
    auth=ApiKeyAuth(fields=()),
    check=lambda connection: AccountInfo("1", "One"),
    hosts=("api.scripted.test",),
    commands={"act": _command},
    pushes={"account": _push},
)


@contextmanager
def installed() -> Iterator[None]:
    registry.add(provider)
    try:
        yield
    finally:
        registry.remove(PROVIDER_ID)
