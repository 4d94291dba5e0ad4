"""Payment intents, charges, refunds and which invoice they pay."""

from __future__ import annotations

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.identifiers import random_text
from integrations.stripe.sandbox.shapes import head
from integrations.stripe.sandbox.shapes.catalog import NO_ADDRESS

# What every new payment intent holds, whatever was asked for.
NEW_INTENT: Json = {
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "amount_received": 0,
    "application": None,
    "application_fee_amount": None,
    "canceled_at": None,
    "cancellation_reason": None,
    "confirmation_method": "automatic",
    "last_payment_error": None,
    "latest_charge": None,
    "next_action": None,
    "on_behalf_of": None,
    "payment_method_options": {},
    "payment_method_types": ["card"],
    "processing": None,
    "review": None,
    "setup_future_usage": None,
    "shipping": None,
    "source": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "transfer_data": None,
    "transfer_group": None,
}


def payment_intent(now: int, given: Json) -> Json:
    top = head("pi", "payment_intent", now)
    return {
        **NEW_INTENT,
        **top,
        "amount": given["amount"],
        "automatic_payment_methods": given.get("automatic_payment_methods"),
        "capture_method": given.get("capture_method", "automatic_async"),
        "client_secret": f"{top['id']}_secret_{random_text(16)}",
        "currency": given["currency"],
        "customer": given.get("customer"),
        "description": given.get("description"),
        "metadata": given.get("metadata", {}),
        "payment_method": given.get("payment_method"),
        "receipt_email": given.get("receipt_email"),
        "status": "requires_confirmation"
        if given.get("payment_method")
        else "requires_payment_method",
    }


# What every new charge holds, whatever was asked for.
NEW_CHARGE: Json = {
    "amount_refunded": 0,
    "application": None,
    "application_fee": None,
    "application_fee_amount": None,
    "balance_transaction": None,
    "calculated_statement_descriptor": "NEXA SANDBOX",
    "disputed": False,
    "failure_balance_transaction": None,
    "fraud_details": {},
    "on_behalf_of": None,
    "receipt_email": None,
    "receipt_number": None,
    "refunded": False,
    "review": None,
    "shipping": None,
    "source_transfer": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "transfer_data": None,
    "transfer_group": None,
}


def charge(now: int, intent: Json, payer: Json | None, failure: tuple[str, str] | None) -> Json:
    """`failure` is a decline code with its message."""
    top = head("ch", "charge", now)
    captured = not failure and intent["capture_method"] != "manual"
    return {
        **NEW_CHARGE,
        **top,
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if captured else 0,
        "billing_details": {
            "address": NO_ADDRESS,
            "email": payer["email"] if payer else None,
            "name": payer["name"] if payer else None,
            "phone": payer["phone"] if payer else None,
            "tax_id": None,
        },
        "captured": captured,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "failure_code": "card_declined" if failure else None,
        "failure_message": failure[1] if failure else None,
        "metadata": intent["metadata"],
        "outcome": _outcome(failure),
        "paid": not failure,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {
            "type": "card",
            "card": {
                "brand": "visa",
                "country": "AU",
                "exp_month": 12,
                "exp_year": 2034,
                "funding": "credit",
                "last4": "0002" if failure else "4242",
            },
        },
        "receipt_url": f"https://pay.stripe.com/receipts/{top['id']}",
        "status": "failed" if failure else "succeeded",
    }


def _outcome(failure: tuple[str, str] | None) -> Json:
    return {
        "advice_code": "try_again_later" if failure else None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if failure else "approved_by_network",
        "reason": failure[0] if failure else None,
        "risk_level": "normal",
        "seller_message": "The bank did not return any further details with this decline."
        if failure
        else "Payment complete.",
        "type": "issuer_declined" if failure else "authorized",
    }


def refund(now: int, of_charge: Json, amount: int, given: Json) -> Json:
    return {
        **head("re", "refund", now),
        "amount": amount,
        "balance_transaction": None,
        "charge": of_charge["id"],
        "currency": of_charge["currency"],
        "destination_details": {"type": "card", "card": {"type": "refund"}},
        "metadata": given.get("metadata", {}),
        "payment_intent": of_charge["payment_intent"],
        "reason": given.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def invoice_payment(now: int, of_invoice: Json, intent: str) -> Json:
    return {
        **head("inpay", "invoice_payment", now),
        "amount_paid": None,
        "amount_requested": of_invoice["amount_due"],
        "currency": of_invoice["currency"],
        "invoice": of_invoice["id"],
        "is_default": True,
        "payment": {"type": "payment_intent", "payment_intent": intent},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
