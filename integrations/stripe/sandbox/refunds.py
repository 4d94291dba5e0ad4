"""Refunds of charges, in part or whole."""

from __future__ import annotations

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.call import Call, Endpoint
from integrations.stripe.sandbox.errors import ApiError, parameter_invalid
from integrations.stripe.sandbox.lists import LISTING
from integrations.stripe.sandbox.parameters import integer, metadata, one_of, text
from integrations.stripe.sandbox.replies import found, listed
from integrations.stripe.sandbox.shapes import payments


def refund_create(call: Call) -> Json:
    charge = _refunded_charge(call)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = call.params.get("amount", left)
    if left <= 0:
        raise ApiError(
            400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if not 0 < amount <= left:
        raise parameter_invalid("amount", f"Refund amount ({amount}) is greater than {left}.")
    row = call.books.save("refunds", payments.refund(call.books.now, charge, amount, call.params))
    done = charge["amount_refunded"] + amount
    changes = {"amount_refunded": done, "refunded": done == charge["amount"]}
    call.books.emit("refund.created", row)
    call.books.update("charges", charge, changes, "charge.refunded")
    return row


def _refunded_charge(call: Call) -> Json:
    intent = call.params.get("payment_intent")
    if intent:
        row = call.books.find("payment_intents", intent, "payment_intent")
        return call.books.find("charges", row["latest_charge"] or "", "payment_intent")
    charge = call.params.get("charge")
    if not charge:
        raise ApiError(
            400, "One of the following params should be provided: charge, payment_intent."
        )
    return call.books.find("charges", charge, "charge")


ENDPOINTS = [
    Endpoint(
        "POST",
        "/v1/refunds",
        refund_create,
        {
            "amount": integer,
            "charge": text,
            "metadata": metadata,
            "payment_intent": text,
            "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
        },
    ),
    Endpoint(
        "GET",
        "/v1/refunds",
        listed("refunds", "charge", "payment_intent"),
        {**LISTING, "charge": text, "payment_intent": text},
    ),
    Endpoint("GET", "/v1/refunds/{id}", found("refunds")),
]
