"""Is it really Stripe, and what did it say; and the endpoint at Stripe that makes it speak."""

from __future__ import annotations

import hashlib
import hmac
import time

from django.conf import settings

from integrations.hub.errors import NotFound, Unverified
from integrations.hub.models import Connection
from integrations.hub.types import Event, RawRequest, Registration
from integrations.stripe.client import API_VERSION, Client
from integrations.stripe.translate import Json, id_of, moment

SIGNATURE = "stripe-signature"
SCHEME = "v1"
PAID = "invoice.paid"
PAYMENT_SUCCEEDED = "invoice.payment_succeeded"
PAYMENT_FAILED = "invoice.payment_failed"
SUBSCRIPTION_EVENTS = (
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
)
EVENTS = (PAID, PAYMENT_SUCCEEDED, PAYMENT_FAILED, *SUBSCRIPTION_EVENTS)


# --- Inbound ------------------------------------------------------------------------------------


def verify(request: RawRequest, connection: Connection) -> None:
    """Raises Unverified unless one of the v1 signatures fits the raw body and is fresh.

    https://docs.stripe.com/webhooks/signature: two v1 values while a secret is being rolled.
    """
    secret = connection.secret("webhook_secret")
    if not secret:
        raise Unverified("no signing secret is stored")
    sent_at, signatures = signature_parts(request.header(SIGNATURE))
    signed = f"{sent_at}.".encode() + request.body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
    if not any(hmac.compare_digest(expected, given.encode()) for given in signatures):
        raise Unverified("wrong signature")
    if time.time() - sent_at > settings.WEBHOOK_TOLERANCE.total_seconds():
        raise Unverified("signature too old")


def signature_parts(header: str) -> tuple[int, list[str]]:
    """Time and v1 signatures of `t=1,v1=ab,v1=cd,v0=…`; raises Unverified for anything else."""
    if not header:
        raise Unverified("no signature")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == SCHEME]
    if len(times) != 1 or not times[0].isdecimal() or len(times[0]) > 12 or not signatures:
        raise Unverified("unreadable signature")
    return int(times[0]), signatures


def events(request: RawRequest) -> list[Event]:
    """One event a call. A thin event of the v2 API comes out with its own kind and is ignored."""
    event = request.json
    subject = (event.get("data") or {}).get("object") or {}
    created = event["created"]
    return [
        Event(
            id=event["id"],
            kind=event["type"],
            payload=event,
            # v2 events tell the time as text.
            occurred_at=moment(created) if isinstance(created, int) else None,
            subject=id_of(subject.get("customer")) or id_of(subject),
            key=fact_key(event["type"], subject),
        )
    ]


def fact_key(kind: str, subject: Json) -> str:
    """Two events tell of one payment, so the invoice is the key; a failure counts per attempt."""
    if kind in (PAID, PAYMENT_SUCCEEDED):
        return f"{PAID}:{id_of(subject)}"
    if kind == PAYMENT_FAILED:
        return f"{PAYMENT_FAILED}:{id_of(subject)}:{subject.get('attempt_count')}"
    return ""


# --- The endpoint at Stripe ---------------------------------------------------------------------


def register(connection: Connection, url: str) -> Registration:
    """Make our endpoint at Stripe, unless it is there or a person typed its secret in."""
    client = Client(connection)
    made = connection.settings.get("webhook_endpoint", "")
    if connection.secret("webhook_secret") and (not made or _is_good(client, made, url)):
        return Registration()
    endpoint = client.endpoint_create(
        {
            "url": url,
            "enabled_events": list(EVENTS),
            "api_version": API_VERSION,
            "description": "Nexa CRM",
        }
    )
    return Registration(
        secrets={"webhook_secret": endpoint["secret"]},
        settings={"webhook_endpoint": endpoint["id"]},
    )


def unregister(connection: Connection) -> None:
    """Take away the endpoint that we made; one made by hand stays."""
    made = connection.settings.get("webhook_endpoint", "")
    if not made:
        return
    try:
        Client(connection).endpoint_delete(made)
    except NotFound:
        return


def _is_good(client: Client, endpoint: str, url: str) -> bool:
    try:
        found = client.endpoint(endpoint)
    except NotFound:
        return False
    wanted = set(EVENTS) <= set(found["enabled_events"])
    return bool(found["url"] == url and found["status"] == "enabled" and wanted)
