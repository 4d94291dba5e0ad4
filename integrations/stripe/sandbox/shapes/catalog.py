"""Customers, products, prices, cards and web-hook endpoints."""

from __future__ import annotations

from decimal import Decimal

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.identifiers import random_text
from integrations.stripe.sandbox.shapes import head

NO_ADDRESS = {
    "city": None,
    "country": None,
    "line1": None,
    "line2": None,
    "postal_code": None,
    "state": None,
}


def customer(now: int, given: Json) -> Json:
    return {
        **head("cus", "customer", now),
        "address": address(given.get("address")),
        "balance": 0,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": given.get("description"),
        "discount": None,
        "email": given.get("email"),
        "invoice_prefix": random_text(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "metadata": given.get("metadata", {}),
        "name": given.get("name"),
        "next_invoice_sequence": 1,
        "phone": given.get("phone"),
        "preferred_locales": given.get("preferred_locales", []),
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def address(given: Json | None) -> Json | None:
    return {**NO_ADDRESS, **given} if given else None


def product(now: int, given: Json) -> Json:
    return {
        **head("prod", "product", now),
        **({"id": given["id"]} if given.get("id") else {}),
        "active": given.get("active", True),
        "default_price": None,
        "description": given.get("description"),
        "images": [],
        "marketing_features": [],
        "metadata": given.get("metadata", {}),
        "name": given["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": given.get("unit_label"),
        "updated": now,
        "url": given.get("url"),
    }


def price(now: int, given: Json, amount: Decimal) -> Json:
    recurring = given.get("recurring")
    return {
        **head("price", "price", now),
        "active": given.get("active", True),
        "billing_scheme": "per_unit",
        "currency": given["currency"],
        "custom_unit_amount": None,
        "lookup_key": given.get("lookup_key"),
        "metadata": given.get("metadata", {}),
        "nickname": given.get("nickname"),
        "product": given["product"],
        "recurring": {
            "interval": recurring["interval"],
            "interval_count": recurring.get("interval_count", 1),
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        }
        if recurring
        else None,
        "tax_behavior": given.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": int(amount) if amount == amount.to_integral_value() else None,
        "unit_amount_decimal": format(amount.normalize(), "f"),
    }


def card(now: int, owner: str | None, failure: tuple[str, str] | None) -> Json:
    """A payment method made from one of Stripe's test cards."""
    return {
        **head("pm", "payment_method", now),
        "card": {"brand": "visa", "last4": "0002" if failure else "4242"},
        "customer": owner,
        "metadata": {},
        "type": "card",
        "_failure": list(failure) if failure else None,
    }


def account(identifier: str) -> Json:
    """The account behind the key, cut to what it says of itself."""
    return {
        "id": identifier,
        "object": "account",
        "business_profile": {"name": "Nexa sandbox"},
        "country": "AU",
        "default_currency": "aud",
        "settings": {"dashboard": {"display_name": "Nexa sandbox"}},
        "type": "standard",
    }


def webhook_endpoint(now: int, given: Json) -> Json:
    return {
        **head("we", "webhook_endpoint", now),
        "api_version": given.get("api_version"),
        "application": None,
        "description": given.get("description"),
        "enabled_events": given["enabled_events"],
        "metadata": given.get("metadata", {}),
        "status": "enabled",
        "url": given["url"],
    }
