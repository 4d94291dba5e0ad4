"""The account's books: finds and saves objects, and tells what changed as events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from integrations.hub.sandbox.deliveries import Message
from integrations.hub.sandbox.store import Collection, Json
from integrations.hub.sandbox.vendor import Vendor
from integrations.stripe.sandbox.errors import no_such
from integrations.stripe.sandbox.identifiers import new_id
from integrations.stripe.sandbox.shapes import public

API_VERSION = "2026-10-28.endive"
# A key names its account: `sk_test_<word>_…`. The word of the demo's keys is the first account.
FIRST_WORD = "nexa"
ACCOUNTS = "_accounts"
# The word of an error message for each collection.
NAMES = {
    "customers": "customer",
    "products": "product",
    "prices": "price",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "invoice_payments": "invoice payment",
    "payment_intents": "payment_intent",
    "payment_methods": "PaymentMethod",
    "charges": "charge",
    "refunds": "refund",
    "events": "event",
    "webhook_endpoints": "webhook endpoint",
}
# By endpoint, whosever it is.
SECRETS = "_secrets"
ALL_EVENTS = "*"


class Books:
    """Everything one account holds; one instance serves one request or one action."""

    def __init__(
        self,
        vendor: Vendor,
        word: str = FIRST_WORD,
        *,
        request_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        self.vendor = vendor
        self.word = word
        self.now = vendor.now()
        self._request = {"id": request_id, "idempotency_key": idempotency_key}

    @property
    def account(self) -> str:
        return account_id(self.word)

    def open(self) -> None:
        """Be listed on the control page from the first call of a key on."""
        if self.word != FIRST_WORD and self.vendor.collection(ACCOUNTS).get(self.word) is None:
            self.vendor.collection(ACCOUNTS).put(self.word, {"word": self.word})

    # --- Objects --------------------------------------------------------------------------------

    def collection(self, name: str) -> Collection:
        """What other accounts hold is kept apart under their word."""
        return self.vendor.collection(name if self.word == FIRST_WORD else f"{self.word}:{name}")

    def get(self, collection: str, identifier: str) -> Json | None:
        return self.collection(collection).get(identifier)

    def find(self, collection: str, identifier: str, param: str = "") -> Json:
        """Raises ApiError resource_missing; a deleted object counts as missing in a parameter."""
        found = self.get(collection, identifier)
        if found is None or (param and found.get("deleted")):
            raise no_such(NAMES[collection], identifier, param)
        return found

    def save(self, collection: str, row: Json) -> Json:
        self.collection(collection).put(row["id"], row)
        return row

    def all(self, collection: str) -> Iterator[Json]:
        """Newest first."""
        return self.collection(collection).newest_first()

    # --- Events ---------------------------------------------------------------------------------

    def update(self, collection: str, before: Json, changes: Json, kind: str | None = None) -> Json:
        """Save the changed object and tell what it was before; no event when nothing differs."""
        previous = {
            name: before.get(name) for name, value in changes.items() if before.get(name) != value
        }
        after = self.save(collection, {**before, **changes})
        if previous and kind:
            self.emit(kind, after, previous)
        return after

    def emit(self, kind: str, subject: Json, previous: Json | None = None) -> Json:
        """Write the event, and post it to every endpoint that asked for its type."""
        endpoints = [e for e in self.all("webhook_endpoints") if _wants(e, kind)]
        data: Json = {"object": public(subject)}
        if previous is not None:
            data["previous_attributes"] = public(previous)
        event: Json = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": len(endpoints),
            "request": dict(self._request),
            "type": kind,
        }
        self.save("events", event)
        for endpoint in endpoints:
            self.post(event, endpoint)
        return event

    def post(self, event: Json, endpoint: Json) -> None:
        self.vendor.post_webhook(
            Message(
                endpoint=endpoint["id"],
                url=endpoint["url"],
                event=event["id"],
                kind=event["type"],
                body=json.dumps(event, indent=2, ensure_ascii=False),
            )
        )

    def repost(self, event: Json, copies: int) -> int:
        """Send an event again to every endpoint that asked for its type; how many were sent."""
        endpoints = [e for e in self.all("webhook_endpoints") if _wants(e, event["type"])]
        for endpoint in endpoints:
            for _ in range(copies):
                self.post(event, endpoint)
        return len(endpoints) * copies


def account_id(word: str) -> str:
    """The same for the same word."""
    name = "NexaSandbox" if word == FIRST_WORD else word
    return f"acct_1{name:0<16}"


def every_books(vendor: Vendor) -> list[Books]:
    """Those of each account that a key has opened; the demo's first."""
    words = [row["word"] for row in vendor.collection(ACCOUNTS).newest_first()]
    return [Books(vendor), *(Books(vendor, word) for word in reversed(words))]


def _wants(endpoint: Json, kind: str) -> bool:
    wanted: list[Any] = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and (ALL_EVENTS in wanted or kind in wanted)
