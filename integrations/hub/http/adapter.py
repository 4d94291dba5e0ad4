"""Where a call leaves the house: to the vendor, to a pinned address, or to the sandbox."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

from integrations.hub.access import host_is_declared
from integrations.hub.errors import Rejected
from integrations.hub.http.guard import AddressRefused, pinned_address
from integrations.hub.http.sandbox_only import sandbox_required
from integrations.hub.pace import BODY_SECONDS
from integrations.hub.provider import Provider

LARGEST_BODY = 20 * 1024 * 1024
CHUNK = 64 * 1024


class HubAdapter(HTTPAdapter):
    """Carries one call; the caller always sees the vendor's own URL."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        super().__init__(max_retries=0, pool_connections=4, pool_maxsize=4)

    def send(
        self, request: requests.PreparedRequest, stream: bool = False, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Read the body here too, so that a vendor who drips it cannot hold a worker."""
        outgoing = self._outgoing(request)
        response = super().send(outgoing, True, *args, **kwargs)
        if not stream:
            _read_body(response)
        response.url = request.url or ""
        response.request = request
        return response

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """For a pinned call: connect to the address, prove the certificate by the name."""
        parameters: Any = super().build_connection_pool_key_attributes(request, verify, cert)
        host, pool = parameters
        address = getattr(request, "pinned_to", "")
        if address:
            if host["scheme"] == "https":
                pool = {**pool, "server_hostname": host["host"], "assert_hostname": host["host"]}
            host = {**host, "host": address}
        return host, pool

    def _outgoing(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        parts = urlsplit(request.url or "")
        if settings.NEXA_SANDBOX_URL:
            return _to_sandbox(request, self.provider.id)
        sandbox_required()
        if host_is_declared(parts.hostname or "", self.provider.hosts):
            if parts.scheme != "https":
                raise AddressRefused(f"{self.provider.name} is called over https only.")
            return request
        if not self.provider.has_user_given_host:
            raise AddressRefused(f"{parts.hostname} is no host of {self.provider.name}.")
        return _pinned(request)


def _to_sandbox(request: requests.PreparedRequest, provider_id: str) -> requests.PreparedRequest:
    parts = urlsplit(request.url or "")
    sandbox = urlsplit(settings.NEXA_SANDBOX_URL)
    path = f"{sandbox.path.rstrip('/')}/{provider_id}{parts.path or '/'}"
    outgoing = request.copy()
    outgoing.url = urlunsplit((sandbox.scheme, sandbox.netloc, path, parts.query, ""))
    outgoing.headers["X-Forwarded-Host"] = parts.netloc
    outgoing.headers["X-Forwarded-Proto"] = parts.scheme
    return outgoing


def _pinned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    outgoing = request.copy()
    outgoing.headers["Host"] = urlsplit(request.url or "").netloc
    outgoing.pinned_to = pinned_address(request.url or "")  # type: ignore[attr-defined]
    return outgoing


def _read_body(response: requests.Response) -> None:
    """Raises requests.ReadTimeout after BODY_SECONDS, and Rejected for a body over 20 MiB."""
    until = time.monotonic() + BODY_SECONDS
    content = bytearray()
    for chunk in response.iter_content(CHUNK):
        content += chunk
        if len(content) > LARGEST_BODY:
            response.close()
            raise Rejected("The vendor's answer is larger than 20 MiB.")
        if time.monotonic() > until:
            response.close()
            raise requests.ReadTimeout(
                f"The vendor's answer took longer than {BODY_SECONDS:.0f} s."
            )
    response._content = bytes(content)
    response._content_consumed = True  # type: ignore[attr-defined]
