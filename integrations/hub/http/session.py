"""The session every client and every SDK is given: one for each connection."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from django.db import connections

from integrations.hub import clock, headroom, throttle
from integrations.hub.http import exchange
from integrations.hub.http.adapter import HubAdapter
from integrations.hub.models import Connection
from integrations.hub.pace import CONNECT_SECONDS, READ_SECONDS, read_seconds


class HubSession(requests.Session):
    """A requests session that keeps time-outs, rate limits, leases and records.

    It raises what requests raises and, before a call, LeaseLost or RateLimited; a status is never
    raised, since SDKs want the response (`raise_for_status` of this package does that).
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        # Proxies and ~/.netrc of the machine must not add credentials to a vendor call.
        self.trust_env = False
        self.hub_connection = connection
        self.headers["User-Agent"] = "Nexa-CRM"
        adapter = HubAdapter(connection.declaration)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """One call: limiter, lease, send, record."""
        refuse_open_transaction()
        kwargs["timeout"] = shortest_timeout(
            kwargs.get("timeout"), read_seconds(self.hub_connection)
        )
        throttle.take(self.hub_connection)
        exchange.check_guard()
        started = time.monotonic()
        try:
            response = super().send(request, **kwargs)
        except requests.RequestException as error:
            self._keep(request, None, started, error=f"{type(error).__name__}: {error}")
            raise
        self._keep(request, response, started)
        clock.date_noted(self.hub_connection, response.headers.get("Date"))
        headroom.noted(self.hub_connection, response.headers)
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Redirects within the same https host only; any other is left as the answer."""
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        ours, theirs = urlsplit(resp.url), urlsplit(urljoin(resp.url, target))
        is_same = (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)
        return target if is_same else None

    def _keep(
        self,
        request: requests.PreparedRequest,
        response: requests.Response | None,
        started: float,
        error: str = "",
    ) -> None:
        kept = exchange.exchange_of(
            request,
            response,
            duration_ms=int((time.monotonic() - started) * 1000),
            secrets=self.hub_connection.credentials.texts(),
            error=error,
        )
        exchange.keep(
            kept,
            provider=self.hub_connection.provider,
            connection_id=self.hub_connection.pk,
        )


def session_for(connection: Connection) -> HubSession:
    """A session for one connection; hand it to the vendor's SDK or use it as it is."""
    return HubSession(connection)


def shortest_timeout(asked: Any, longest_read: float = READ_SECONDS) -> tuple[float, float]:
    """Connect and read time-outs; a caller may ask for less, never for more."""
    if isinstance(asked, tuple) and len(asked) == 2:
        connect, read = asked
    else:
        connect = read = asked
    return (_at_most(connect, CONNECT_SECONDS), _at_most(read, longest_read))


def _at_most(asked: Any, cap: float) -> float:
    return min(float(asked), cap) if isinstance(asked, int | float) and asked > 0 else cap


def refuse_open_transaction() -> None:
    """A vendor call inside a transaction would hold locks for as long as the vendor likes."""
    blocks: list[Any] = connections["default"].atomic_blocks
    # The block that a test case opens around every test is not ours.
    if any(not block._from_testcase for block in blocks):
        raise RuntimeError("A vendor was called inside a database transaction.")
