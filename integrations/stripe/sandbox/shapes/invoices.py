"""Invoices and their lines."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.identifiers import new_id
from integrations.stripe.sandbox.lists import whole_list
from integrations.stripe.sandbox.shapes.subscriptions import AUTOMATIC_TAX_OFF

# What every new invoice holds, whatever was asked for.
DRAFT_INVOICE: Json = {
    "object": "invoice",
    "account_country": "AU",
    "account_name": "Nexa sandbox",
    "account_tax_ids": None,
    "amount_overpaid": 0,
    "amount_paid": 0,
    "amount_shipping": 0,
    "application": None,
    "attempt_count": 0,
    "attempted": False,
    "auto_advance": True,
    "automatic_tax": {**AUTOMATIC_TAX_OFF, "provider": None, "status": None},
    "automatically_finalizes_at": None,
    "custom_fields": None,
    "customer_shipping": None,
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "due_date": None,
    "effective_at": None,
    "ending_balance": None,
    "footer": None,
    "from_invoice": None,
    "hosted_invoice_url": None,
    "invoice_pdf": None,
    "issuer": {"type": "self"},
    "last_finalization_error": None,
    "latest_revision": None,
    "livemode": False,
    "metadata": {},
    "next_payment_attempt": None,
    "number": None,
    "on_behalf_of": None,
    "parent": None,
    "payment_settings": {
        "default_mandate": None,
        "payment_method_options": None,
        "payment_method_types": None,
    },
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "receipt_number": None,
    "rendering": None,
    "shipping_cost": None,
    "shipping_details": None,
    "starting_balance": 0,
    "statement_descriptor": None,
    "status": "draft",
    "status_transitions": {
        "finalized_at": None,
        "marked_uncollectible_at": None,
        "paid_at": None,
        "voided_at": None,
    },
    "test_clock": None,
    "total_discount_amounts": [],
    "total_pretax_credit_amounts": [],
    "total_taxes": [],
    "webhooks_delivered_at": None,
}


def invoice(now: int, identifier: str, of_customer: Json, rest: Json, lines: list[Json]) -> Json:
    """A draft; `rest` holds collection, currency, period, parent, reason and metadata."""
    total = sum(line["amount"] for line in lines)
    return {
        **DRAFT_INVOICE,
        "id": identifier,
        "amount_due": total,
        "amount_remaining": total,
        "created": now,
        "customer": of_customer["id"],
        "customer_address": of_customer["address"],
        "customer_email": of_customer["email"],
        "customer_name": of_customer["name"],
        "customer_phone": of_customer["phone"],
        "lines": whole_list(lines, f"/v1/invoices/{identifier}/lines"),
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
        **rest,
    }


def invoice_line(invoice: str, of_price: Json, quantity: int, rest: Json) -> Json:
    """`rest` holds what differs by origin: description, parent and period."""
    amount = line_amount(of_price, quantity)
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": of_price["currency"],
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": of_price["id"], "product": of_price["product"]},
            "type": "price_details",
            "unit_amount_decimal": of_price["unit_amount_decimal"],
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": None,
        "subtotal": amount,
        "taxes": [],
        **rest,
    }


def line_amount(of_price: Json, quantity: int) -> int:
    amount = Decimal(of_price["unit_amount_decimal"]) * quantity
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
