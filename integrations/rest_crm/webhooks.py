"""Is it really the configured CRM, and what did it say; and what makes it speak."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from integrations.hub.errors import InvalidSettings, Unverified
from integrations.hub.models import Connection
from integrations.hub.types import Event, RawRequest, Registration
from integrations.rest_crm.answers import first_at
from integrations.rest_crm.client import Client
from integrations.rest_crm.configuration import Incoming, incoming_of
from integrations.rest_crm.paths import MISSING
from integrations.rest_crm.reading import Unreadable, text_read

EVENT_HEADER = "x-crm-event"
WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - the name of the credential
MADE = "The web-hook was registered."
GONE = "The web-hook was gone at the CRM and was registered anew."
UNSEEN = "The web-hook was registered earlier; this CRM does not tell whether it still stands."
LONGEST_KIND = 100


# --- Inbound ------------------------------------------------------------------------------------


def verify(request: RawRequest, connection: Connection) -> None:
    """Raises Unverified unless the secret is this connection's; compared in constant time."""
    secret = connection.secret(WEBHOOK_SECRET)
    if not secret:
        raise Unverified("no web-hook secret is stored")
    header = incoming_of(connection.settings).secret_header
    given = request.header(header)
    if not given:
        raise Unverified(f"no {header} header")
    if not hmac.compare_digest(given.encode(errors="replace"), secret.encode()):
        raise Unverified("wrong secret")


def connection_of(request: RawRequest, connections: Iterable[Connection]) -> Connection:
    """Whose secret a call carries, for the address that all connections share.

    Every connection is compared, whatever was found before. Raises Unverified when it is nobody's,
    or that of several.
    """
    holders = [connection for connection in connections if _is_verified(request, connection)]
    if not holders:
        raise Unverified("no connection has this secret")
    if len(holders) > 1:
        raise Unverified("several connections have this secret; use the address of one")
    return holders[0]


def _is_verified(request: RawRequest, connection: Connection) -> bool:
    try:
        verify(request, connection)
    except (Unverified, InvalidSettings):
        # A connection whose settings are broken must not close the address for the others.
        return False
    return True


def events(request: RawRequest, connection: Connection) -> list[Event]:
    """What was told, by the connection's own names; raises ValueError as `events_read` does."""
    return events_read(request, incoming_of(connection.settings))


def events_read(request: RawRequest, incoming: Incoming) -> list[Event]:
    """One event a call, of the kind we know or as it is called there; the hub ignores those.

    Raises ValueError for a body that is no JSON object or names no event. The payload is
    `{"event", "entityId", "data"}` in these names, whatever theirs are.
    """
    body = request.json
    if not isinstance(body, Mapping):
        raise ValueError("The body is no JSON object.")
    kind = _part(body, incoming, "event") or request.header(incoming.event_header)
    if not kind or len(kind) > LONGEST_KIND:
        raise ValueError("The body names no event.")
    kind = incoming.events.to_ours(kind)
    entity = _part(body, incoming, "entity")
    data = first_at(body, incoming.envelope.get("data", ()))
    payload = {
        "event": kind,
        "entityId": entity,
        "data": dict(data) if isinstance(data, Mapping) else {},
    }
    family = kind.partition(".")[0]
    # Without an id of theirs the hub tells repeated calls by their body.
    return [Event(id="", kind=kind, payload=payload, subject=f"{family}:{entity}")]


def _part(body: Mapping[str, Any], incoming: Incoming, name: str) -> str:
    found = first_at(body, incoming.envelope.get(name, ()))
    if found is MISSING or found is None:
        return ""
    try:
        return text_read(found)
    except Unreadable as error:
        raise ValueError(f"{name}: {error}") from error


# --- The registration over there ----------------------------------------------------------------


def ensure(connection: Connection, url: str) -> Registration:
    """Leave one registration for `url` with our secret: as it is, or made anew.

    The settings may name another address that leads to us. A secret that nobody typed in is made
    here. Safe to repeat: registers again only when the
    address, the events or the secret changed, or the CRM says that it is gone.
    """
    client = Client(connection)
    url = str(connection.settings.get("webhook_url") or url)
    secret = connection.secret(WEBHOOK_SECRET) or secrets.token_urlsafe(32)
    wanted = client.configuration.incoming.subscribed
    mark = _mark(url, wanted, secret)
    known = str(connection.settings.get("webhook_id") or "")
    is_same = bool(known) and hmac.compare_digest(
        mark, str(connection.settings.get("webhook_mark") or "")
    )
    stands = client.webhook_exists(known, url) if is_same else False
    if stands:
        return Registration()
    if stands is None:
        return Registration(note=UNSEEN)
    if known:
        client.webhook_delete(known)
    made = client.webhook_create(url=url, events=wanted, secret=secret)
    return Registration(
        secrets={WEBHOOK_SECRET: secret},
        settings={"webhook_id": made, "webhook_mark": mark},
        note=GONE if is_same else MADE,
    )


def unregister(connection: Connection) -> None:
    """Take away the registration that we made, where the CRM has a call for it."""
    known = str(connection.settings.get("webhook_id") or "")
    if known:
        Client(connection).webhook_delete(known)


def _mark(url: str, wanted: tuple[str, ...], secret: str) -> str:
    """What was registered, without telling the secret."""
    said = "\n".join((url, *wanted)).encode()
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()[:32]
