"""Is it really HubSpot, and what does it hint at: signature v3, and arrays of events.

https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import re
import time
from typing import Any
from urllib.parse import unquote

from integrations.hub.errors import Unverified
from integrations.hub.handshake import webhook_url
from integrations.hub.models import Connection
from integrations.hub.oauth.applications import application_of
from integrations.hub.oauth.names import ApplicationMissing
from integrations.hub.types import Event, RawRequest

SIGNATURE = "x-hubspot-signature-v3"
TIMESTAMP = "x-hubspot-request-timestamp"
# The app's secret signs; it is the OAuth client secret, or the private app's.
SECRET = "client_secret"  # noqa: S105  # the name, not the secret
# An app has one address for all portals: set here when that is not the connection's own.
TARGET_SETTING = "webhook_target_url"
PAST_SECONDS = 300
FUTURE_SECONDS = 60
# HubSpot decodes these in the URL before it signs, and leaves every other one as it is.
DECODED = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)

_ACTS = ("creation", "propertyChange", "deletion", "merge", "restore", "associationChange")
EVENTS = (
    # The general ones name the kind of record by its type.
    *(f"{kind}.{act}" for kind in ("contact", "company", "deal", "object") for act in _ACTS),
    "contact.privacyDeletion",
)


def verify(request: RawRequest, connection: Connection) -> None:
    """Raises Unverified unless the v3 signature fits our public URL and the raw body, and is fresh.

    The older signatures (v1, v2) have no time in them and are never taken, with v3 or without.
    """
    secret = secret_of(connection)
    if not secret:
        raise Unverified("no client secret is stored")
    given, sent_at = request.header(SIGNATURE), request.header(TIMESTAMP)
    if not given or not sent_at:
        raise Unverified("no signature of version 3")
    if not (sent_at.isascii() and sent_at.isdecimal() and len(sent_at) <= 15):
        raise Unverified("unreadable timestamp")
    expected = signature(secret, "POST", public_url(connection), request.body, sent_at)
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise Unverified("wrong signature")
    age = time.time() - int(sent_at) / 1000
    if age > PAST_SECONDS:
        raise Unverified("signature too old")
    if age < -FUTURE_SECONDS:
        raise Unverified("signature from the future")


def secret_of(connection: Connection) -> str:
    """The app's: typed in, or that of the application which access was granted to."""
    typed = connection.secret(SECRET)
    if typed or not connection.is_oauth:
        return typed
    try:
        return application_of(connection).client_secret
    except ApplicationMissing:
        return ""


def signature(secret: str, method: str, url: str, body: bytes, sent_at: str) -> str:
    """base64(HMAC-SHA256(secret, METHOD + URL + body + time in ms))."""
    signed = method.encode() + decoded_url(url).encode() + body + sent_at.encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def decoded_url(url: str) -> str:
    """The URL as HubSpot signs it."""
    return DECODED.sub(lambda found: unquote(found.group()), url)


def public_url(connection: Connection) -> str:
    """As configured, never as the request says: a proxy may change host and scheme."""
    return str(connection.settings.get(TARGET_SETTING) or "") or webhook_url(connection)


# --- Reading ------------------------------------------------------------------------------------


def events(request: RawRequest, connection: Connection | None = None) -> list[Event]:
    """Each event of the array. They are hints, come twice and in any order: read what they name.

    An app tells of all portals it is in at one address: those of other portals are left out.
    """
    said = request.json
    if not isinstance(said, list):
        raise ValueError("HubSpot sends an array of events.")
    portal = connection.remote_account_id if connection else ""
    return [_event(row) for row in said if not portal or str(row["portalId"]) == portal]


def _event(row: dict[str, Any]) -> Event:
    kind = row.get("subscriptionType") or row["eventType"]
    key = event_key(row)
    return Event(
        # Their `eventId` is not unique, so the key takes its place.
        id=key,
        kind=str(kind),
        payload=row,
        occurred_at=_moment(row.get("occurredAt")),
        subject=event_subject(str(kind), row),
        key=key,
    )


def event_key(row: dict[str, Any]) -> str:
    """The same for every copy and attempt of one event."""
    names = ("portalId", "subscriptionId", "eventId", "objectId", "occurredAt", "propertyName")
    parts = [str(row.get(name, "")) for name in names]
    if row.get("objectId") is None:
        # An association change may name its two ends only.
        parts += [str(row.get(name, "")) for name in ("fromObjectId", "toObjectId")]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def event_subject(kind: str, row: dict[str, Any]) -> str:
    """The record by kind and id, such as `contact:1551`; ids of two kinds may be equal."""
    what = kind.partition(".")[0]
    if what == "object":
        what = str(row.get("objectTypeId") or what)
    identifier = row.get("objectId") or row.get("primaryObjectId") or row.get("fromObjectId")
    return f"{what}:{identifier}" if identifier else ""


def _moment(milliseconds: Any) -> datetime.datetime | None:
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        return None
    try:
        return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    except (OverflowError, OSError, ValueError):
        return None
