"""Events and the endpoints that get them, with Stripe's signature."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from integrations.hub.sandbox.store import Json
from integrations.hub.sandbox.vendor import Vendor
from integrations.stripe.sandbox import shapes
from integrations.stripe.sandbox.books import SECRETS
from integrations.stripe.sandbox.call import Call, Endpoint
from integrations.stripe.sandbox.customers import merged_metadata
from integrations.stripe.sandbox.errors import parameter_invalid
from integrations.stripe.sandbox.identifiers import random_text
from integrations.stripe.sandbox.lists import LISTING, PAGING, list_page
from integrations.stripe.sandbox.parameters import (
    Parameters,
    Required,
    array_of,
    boolean,
    metadata,
    text,
)
from integrations.stripe.sandbox.shapes import catalog

MAX_ENDPOINTS = 16
FIELDS: Parameters = {"description": text, "metadata": metadata}


def signature_headers(vendor: Vendor, endpoint: str, body: bytes) -> Mapping[str, str]:
    """Signed now; while a secret is being rolled both secrets sign."""
    row = vendor.collection(SECRETS).get(endpoint)
    now = vendor.now()
    signed = [_signature(secret, now, body) for secret in (row["secrets"] if row else [])]
    value = ",".join([f"t={now}", *(f"v1={text_}" for text_ in signed)])
    return {
        "Stripe-Signature": value,
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }


def _signature(secret: str, moment: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


# --- Endpoints ----------------------------------------------------------------------------------


def create(call: Call) -> Json:
    """The only reply that holds the secret."""
    books = call.books
    _check_url(call.params["url"])
    _check_events(call.params["enabled_events"])
    if sum(1 for row in books.all("webhook_endpoints") if not row.get("deleted")) >= MAX_ENDPOINTS:
        raise parameter_invalid(
            "url", f"You have reached the maximum of {MAX_ENDPOINTS} endpoints."
        )
    row = books.save("webhook_endpoints", catalog.webhook_endpoint(books.now, call.params))
    secret = f"whsec_{random_text(32)}"
    books.vendor.collection(SECRETS).put(row["id"], {"secrets": [secret]})
    return {**row, "secret": secret}


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise parameter_invalid(
            "url", "Invalid URL: an explicit scheme (such as https) is needed.", "url_invalid"
        )


def _check_events(events: list[str]) -> None:
    if not events:
        raise parameter_invalid("enabled_events", "You must choose at least one event.")
    for name in events:
        if name != "*" and "." not in name:
            raise parameter_invalid("enabled_events", f"Invalid enabled_events: {name}")


def update(call: Call) -> Json:
    before = call.books.find("webhook_endpoints", call.id)
    changes: Json = {
        n: call.params[n] for n in ("description", "url", "enabled_events") if n in call.params
    }
    if "url" in changes:
        _check_url(changes["url"])
    if "disabled" in call.params:
        changes["status"] = "disabled" if call.params["disabled"] else "enabled"
    if "metadata" in call.params:
        changes["metadata"] = merged_metadata(before["metadata"], call.params["metadata"])
    return call.books.update("webhook_endpoints", before, changes)


def delete(call: Call) -> Json:
    call.books.find("webhook_endpoints", call.id)
    call.books.collection("webhook_endpoints").delete(call.id)
    call.books.vendor.collection(SECRETS).delete(call.id)
    return shapes.deleted("webhook_endpoint", call.id)


# --- Events -------------------------------------------------------------------------------------


def events_listing(call: Call) -> Json:
    kinds = call.params.get("types", [])
    if call.params.get("type"):
        kinds = [*kinds, call.params["type"]]
    success = call.params.get("delivery_success")
    undelivered = _undelivered(call) if success is not None else set()

    def keep(row: Json) -> bool:
        if kinds and not any(_is_kind(row["type"], kind) for kind in kinds):
            return False
        return success is None or (row["id"] not in undelivered) == success

    return list_page(call.books, "events", call.params, keep)


def _is_kind(name: str, wanted: str) -> bool:
    return name == wanted or (wanted.endswith(".*") and name.startswith(wanted[:-1]))


def _undelivered(call: Call) -> set[str]:
    vendor = call.books.vendor
    log = vendor.deliverer.log(vendor.app.id)
    return {row["event"] for row in log if row["state"] != "delivered"}


ENDPOINTS = [
    Endpoint(
        "GET",
        "/v1/events",
        events_listing,
        {**LISTING, "delivery_success": boolean, "type": text, "types": array_of(text)},
    ),
    Endpoint("GET", "/v1/events/{id}", lambda call: call.books.find("events", call.id)),
    Endpoint(
        "POST",
        "/v1/webhook_endpoints",
        create,
        {
            **FIELDS,
            "api_version": text,
            "enabled_events": Required(array_of(text)),
            "url": Required(text),
        },
    ),
    Endpoint(
        "GET",
        "/v1/webhook_endpoints",
        lambda call: list_page(call.books, "webhook_endpoints", call.params),
        PAGING,
    ),
    Endpoint(
        "GET",
        "/v1/webhook_endpoints/{id}",
        lambda call: call.books.find("webhook_endpoints", call.id),
    ),
    Endpoint(
        "POST",
        "/v1/webhook_endpoints/{id}",
        update,
        {**FIELDS, "disabled": boolean, "enabled_events": array_of(text), "url": text},
    ),
    Endpoint("DELETE", "/v1/webhook_endpoints/{id}", delete),
]
