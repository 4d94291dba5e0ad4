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
DOCUMENT_EVENTS = ("invoice.finalized", "invoice.voided")
SUBSCRIPTION_EVENTS = (
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
)
MADE = "The web-hook was made."
GONE = "The web-hook was gone at Stripe and was made anew; what happened meanwhile was not told."
EVENTS = (PAID, PAYMENT_SUCCEEDED, PAYMENT_FAILED, *DOCUMENT_EVENTS, *SUBSCRIPTION_EVENTS)


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


def events(request: RawRequest, connection: Connection) -> list[Event]:
    """One event a call, the same on every connection.

    A thin event of the v2 API comes out with its own kind and is ignored.
    """
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


def ensure(connection: Connection, url: str) -> Registration:
    """Leave one working endpoint at Stripe: as it is, mended, or made anew.

    One whose signing secret a person typed in was made by hand and is left alone.
    """
    client = Client(connection)
    known = connection.settings.get("webhook_endpoint", "")
    if connection.secret("webhook_secret") and not known:
        return Registration(note="The web-hook was made by hand in Stripe; it is not checked here.")
    found = _found(client, known) if known and connection.secret("webhook_secret") else None
    if found is None:
        return _made(client, url, note=GONE if known else MADE)
    if found.get("api_version") != API_VERSION:
        client.endpoint_delete(known)
        return _made(client, url, note="The web-hook spoke another version and was made anew.")
    faults = _faults(found, url)
    if not faults:
        return Registration()
    client.endpoint_update(known, {"url": url, "enabled_events": list(EVENTS), "disabled": False})
    return Registration(note=f"The web-hook {' and '.join(faults)}; mended.")


def _found(client: Client, endpoint: str) -> Json | None:
    try:
        return client.endpoint(endpoint)
    except NotFound:
        return None


def _made(client: Client, url: str, *, note: str) -> Registration:
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
        note=note,
    )


def _faults(endpoint: Json, url: str) -> list[str]:
    """What keeps the endpoint from telling us everything; empty when nothing does."""
    wrong = {
        "was switched off at Stripe": endpoint["status"] != "enabled",
        "led to another address": endpoint["url"] != url,
        "did not send every event": not _sends_all(endpoint["enabled_events"]),
    }
    return [words for words, is_so in wrong.items() if is_so]


def _sends_all(kinds: list[str]) -> bool:
    return "*" in kinds or set(EVENTS) <= set(kinds)


def unregister(connection: Connection) -> None:
    """Take away the endpoint that we made; one made by hand stays."""
    made = connection.settings.get("webhook_endpoint", "")
    if not made:
        return
    try:
        Client(connection).endpoint_delete(made)
    except NotFound:
        return
