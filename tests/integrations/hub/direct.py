"""Carries the mirror's calls to its vendor within the process, without a socket between them.

For model checkers only, which make more calls than sockets bear; all else of a call, from the
limiter to the record that is kept, is the hub's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from tests.integrations.hub.mirror_calls import CARRIER
from tests.integrations.hub.mirror_vendor import MirrorVendor


class Wire:
    """Stands where the vendor's server finds its socket, to be cut."""

    is_cut = False

    def shutdown(self, how: int) -> None:
        self.is_cut = True


class DirectAdapter(BaseAdapter):
    """Asks the vendor's WSGI application as a server would."""

    def __init__(self, vendor: MirrorVendor) -> None:
        super().__init__()
        self.vendor = vendor

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        wire, told = Wire(), requests.Response()
        told.request, told.url = request, request.url or ""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> None:
            told.status_code = int(status.split()[0])
            told.headers = CaseInsensitiveDict(headers)

        told._content = b"".join(self.vendor(_environ(request, wire), start))
        if wire.is_cut:
            raise requests.ConnectionError("The vendor hung up.", request=request)
        return told

    def close(self) -> None:
        """There is nothing to close."""


def _environ(request: requests.PreparedRequest, wire: Wire) -> dict[str, Any]:
    parts = urlsplit(request.url or "")
    body = request.body or b""
    raw = body.encode() if isinstance(body, str) else body
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in request.headers.items()
        if name.lower() not in ("content-type", "content-length")
    }
    return {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/mirror{unquote(parts.path)}",
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(raw)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(raw),
        "werkzeug.socket": wire,
        **headers,
    }


@contextmanager
def direct_to(vendor: MirrorVendor) -> Iterator[None]:
    """From here on the mirror's calls reach this vendor without a socket."""
    token = CARRIER.set(DirectAdapter(vendor))
    try:
        yield
    finally:
        CARRIER.reset(token)
