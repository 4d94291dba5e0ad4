"""Events as a vendor would send them: a provider's sample, made unique, signed by its fake."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from importlib.resources import files

from integrations.hub import registry
from integrations.hub.errors import Unverified
from integrations.hub.models import Connection
from integrations.hub.provider import Provider
from integrations.hub.sandbox.server import SandboxServer
from integrations.hub.sandbox.vendor import Vendor
from integrations.hub.types import RawRequest
from nexa.bench.load import Shot


class NoSample(Exception):
    """No provider can take part; the message says what it lacks."""


@dataclass(frozen=True)
class Sample:
    """A recorded event of a provider and the id in it that makes it unique."""

    body: bytes
    event_id: bytes

    def copy(self) -> bytes:
        fresh = self.event_id[:4] + secrets.token_hex(12).encode()
        return self.body.replace(self.event_id, fresh)


def provider_with_events(server: SandboxServer) -> Provider:
    """The first provider that takes web-hooks, has a fake to sign them and a recorded event."""
    for provider_id in registry.ids():
        provider = registry.get(provider_id)
        app = server.vendors[provider_id].app
        if provider.webhook and app.demo_credentials and sample_of(provider) is not None:
            return provider
    raise NoSample("No provider has a web-hook, demo credentials and a recorded event.")


def sample_of(provider: Provider) -> Sample | None:
    """The first recorded event that names its own id."""
    if provider.webhook is None:
        return None
    folder = files(f"integrations.{provider.id}") / "samples"
    if not folder.is_dir():
        return None
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".json") or file.name.endswith(".expected.json"):
            continue
        body = file.read_bytes()
        raw = RawRequest(body, {"content-type": "application/json"})
        events = provider.webhook.events(raw, Connection(provider=provider.id))
        if len(events) == 1 and events[0].id and events[0].id.encode() in body:
            return Sample(body, events[0].id.encode())
    return None


def signed(sample: Sample, connection: Connection, vendor: Vendor, count: int) -> list[Shot]:
    """`count` different events, each proved to pass the provider's own check."""
    endpoint = _endpoint(sample, connection, vendor)
    shots = []
    for _ in range(count):
        body = sample.copy()
        shots.append(Shot(body, _headers(vendor, endpoint, body)))
    return shots


def _endpoint(sample: Sample, connection: Connection, vendor: Vendor) -> str:
    """The vendor's name for our web-hook: the setting whose signature we accept."""
    webhook = connection.declaration.webhook
    for value in connection.settings.values():
        if not isinstance(value, str) or not value or webhook is None:
            continue
        try:
            headers = _headers(vendor, value, sample.body)
            lower = {name.lower(): content for name, content in headers.items()}
            webhook.verify(RawRequest(sample.body, lower), connection)
        except (LookupError, ValueError, Unverified):
            continue  # this setting is something else
        return value
    raise NoSample(f"{connection} has no web-hook registered at the sandbox.")


def _headers(vendor: Vendor, endpoint: str, body: bytes) -> dict[str, str]:
    signature = vendor.fake.webhook_headers(endpoint, body)
    return {"Content-Type": "application/json", **signature}
