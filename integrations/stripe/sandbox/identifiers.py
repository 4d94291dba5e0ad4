"""Ids with Stripe's prefixes, and which kind of object a prefix names."""

from __future__ import annotations

import secrets
import string

ALPHABET = string.ascii_letters + string.digits
SHORT = {"cus", "prod", "si"}
# Prefix -> the collection that holds such objects.
COLLECTIONS = {
    "cus": "customers",
    "prod": "products",
    "price": "prices",
    "sub": "subscriptions",
    "in": "invoices",
    "inpay": "invoice_payments",
    "pi": "payment_intents",
    "ch": "charges",
    "re": "refunds",
    "evt": "events",
    "we": "webhook_endpoints",
    "pm": "payment_methods",
}


def new_id(prefix: str) -> str:
    length = 14 if prefix in SHORT else 24
    return f"{prefix}_{random_text(length)}"


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def collection_of(identifier: str) -> str | None:
    return COLLECTIONS.get(identifier.partition("_")[0])
