"""What was said in one call: kept with the attempt (redacted, cut) and logged in one line."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any

import requests

from integrations.hub.redaction import redact, redacted_body

logger = logging.getLogger("integrations.hub.http")

REQUEST_ID_HEADERS = ("request-id", "x-request-id", "x-correlation-id", "x-trace-id")


@dataclass(frozen=True)
class Exchange:
    """One request and what came back; holds no secret."""

    method: str
    url: str
    status: int | None
    duration_ms: int
    request_id: str
    request_digest: str
    request_body: str
    response_body: str
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class CallContext:
    """What the work in hand wants of each call: a check before it, a record after it."""

    guard: Callable[[], None] | None = None
    exchanges: list[Exchange] = field(default_factory=list)


_current: ContextVar[CallContext | None] = ContextVar("hub_call_context", default=None)


@contextmanager
def recording(guard: Callable[[], None] | None = None) -> Iterator[list[Exchange]]:
    """Collect the exchanges made inside; `guard` runs before each and may raise LeaseLost."""
    context = CallContext(guard)
    token = _current.set(context)
    try:
        yield context.exchanges
    finally:
        _current.reset(token)


def check_guard() -> None:
    context = _current.get()
    if context is not None and context.guard is not None:
        context.guard()


def keep(exchange: Exchange, *, provider: str, connection_id: int | None) -> None:
    """Add to the record of the work in hand, and write the log line."""
    context = _current.get()
    if context is not None:
        context.exchanges.append(exchange)
    logger.log(
        logging.INFO if exchange.status is not None and exchange.status < 400 else logging.WARNING,
        "%s connection=%s %s %s -> %s in %d ms request-id=%s%s",
        provider,
        connection_id,
        exchange.method,
        exchange.url.partition("?")[0],
        exchange.status if exchange.status is not None else "no answer",
        exchange.duration_ms,
        exchange.request_id or "-",
        f" error={exchange.error}" if exchange.error else "",
    )


def exchange_of(
    request: requests.PreparedRequest,
    response: requests.Response | None,
    *,
    duration_ms: int,
    secrets: list[str],
    error: str = "",
) -> Exchange:
    body = request.body if isinstance(request.body, bytes | str) else None
    url = redact(request.url or "", secrets)
    return Exchange(
        method=request.method or "",
        url=url[:1000],
        status=response.status_code if response is not None else None,
        duration_ms=duration_ms,
        request_id=_request_id(response),
        request_digest=_digest(request.method or "", url, body),
        request_body=redacted_body(body, secrets),
        response_body=redacted_body(_kept_content(response), secrets),
        error=redact(error, secrets)[:500],
    )


def _kept_content(response: requests.Response | None) -> bytes | None:
    """The body when it was read already; a stream is left to its reader."""
    content = getattr(response, "_content", None)
    return content if isinstance(content, bytes) else None


def _digest(method: str, url: str, body: bytes | str | None) -> str:
    raw = body.encode() if isinstance(body, str) else body or b""
    return hashlib.sha256(f"{method} {url}\n".encode() + raw).hexdigest()


def _request_id(response: requests.Response | None) -> str:
    if response is None:
        return ""
    for name in REQUEST_ID_HEADERS:
        if value := response.headers.get(name):
            return value[:100]
    return ""
