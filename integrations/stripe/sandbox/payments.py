"""Payment intents and charges."""

from __future__ import annotations

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.call import Call, Endpoint
from integrations.stripe.sandbox.cards import Failure, card_attach, card_failure
from integrations.stripe.sandbox.customers import merged_metadata
from integrations.stripe.sandbox.errors import ApiError, card_declined, parameter_invalid
from integrations.stripe.sandbox.lists import LISTING
from integrations.stripe.sandbox.parameters import (
    Required,
    boolean,
    hash_of,
    integer,
    metadata,
    one_of,
    text,
)
from integrations.stripe.sandbox.replies import found, listed
from integrations.stripe.sandbox.shapes import payments

CONFIRMABLE = ("requires_confirmation", "requires_payment_method")


# --- Intents and charges ------------------------------------------------------------------------


def intent_make(books: Books, given: Json) -> Json:
    row = books.save("payment_intents", payments.payment_intent(books.now, given))
    books.emit("payment_intent.created", row)
    return row


def charge_make(books: Books, intent: Json, failure: Failure | None) -> Json:
    """One attempt to take the money; changes the intent and tells of both."""
    payer = books.get("customers", intent["customer"]) if intent["customer"] else None
    charge = payments.charge(
        books.now, intent, None if (payer or {}).get("deleted") else payer, failure
    )
    books.save("charges", charge)
    changes: Json = {"latest_charge": charge["id"]}
    if failure:
        changes |= {"status": "requires_payment_method", "last_payment_error": _error(failure)}
    elif charge["captured"]:
        changes |= {"status": "succeeded", "amount_received": intent["amount"]}
    else:
        changes |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
    after = books.update("payment_intents", intent, changes)
    books.emit("charge.failed" if failure else "charge.succeeded", charge)
    word = {"succeeded": "succeeded", "requires_capture": "amount_capturable_updated"}
    books.emit(f"payment_intent.{word.get(after['status'], 'payment_failed')}", after)
    return charge


def _error(failure: Failure) -> Json:
    return {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": failure[0],
        "message": failure[1],
    }


# --- Endpoints ----------------------------------------------------------------------------------


def intent_create(call: Call) -> Json:
    given = dict(call.params)
    if given["amount"] <= 0:
        raise parameter_invalid("amount", "This value must be greater than or equal to 1.")
    if given.get("customer"):
        call.books.find("customers", given["customer"], "customer")
    if given.get("payment_method"):
        card = card_attach(call.books, given["payment_method"], given.get("customer"))
        given["payment_method"] = card["id"]
    row = intent_make(call.books, given)
    return _confirm(call.books, row) if given.get("confirm") else row


def intent_update(call: Call) -> Json:
    before = call.books.find("payment_intents", call.id)
    changes = dict(call.params)
    if "metadata" in changes:
        changes["metadata"] = merged_metadata(before["metadata"], changes["metadata"])
    return call.books.update("payment_intents", before, changes)


def intent_confirm(call: Call) -> Json:
    row = call.books.find("payment_intents", call.id)
    wanted = call.params.get("payment_method")
    if wanted:
        card = card_attach(call.books, wanted, row["customer"])
        row = call.books.update("payment_intents", row, {"payment_method": card["id"]})
    return _confirm(call.books, row)


def _confirm(books: Books, row: Json) -> Json:
    if row["status"] not in CONFIRMABLE:
        raise _wrong_state(row, "confirmed")
    if not row["payment_method"]:
        raise ApiError(
            400,
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    failure = card_failure(books, row["payment_method"])
    charge = charge_make(books, row, failure)
    after = books.find("payment_intents", row["id"])
    if failure:
        raise card_declined(*failure, {"charge": charge["id"], "payment_intent": after})
    return after


def intent_capture(call: Call) -> Json:
    row = call.books.find("payment_intents", call.id)
    if row["status"] != "requires_capture":
        raise _wrong_state(row, "captured")
    amount = call.params.get("amount_to_capture", row["amount"])
    charge = call.books.find("charges", row["latest_charge"])
    call.books.update(
        "charges", charge, {"captured": True, "amount_captured": amount}, "charge.captured"
    )
    changes = {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    after = call.books.update("payment_intents", row, changes)
    call.books.emit("payment_intent.succeeded", after)
    return after


def intent_cancel(call: Call) -> Json:
    row = call.books.find("payment_intents", call.id)
    if row["status"] in ("succeeded", "canceled"):
        raise _wrong_state(row, "canceled")
    changes = {
        "status": "canceled",
        "canceled_at": call.books.now,
        "cancellation_reason": call.params.get("cancellation_reason"),
        "amount_capturable": 0,
    }
    after = call.books.update("payment_intents", row, changes)
    call.books.emit("payment_intent.canceled", after)
    return after


def _wrong_state(row: Json, done: str) -> ApiError:
    return ApiError(
        400,
        f"This PaymentIntent could not be {done} because it has a status of {row['status']}.",
        code="payment_intent_unexpected_state",
    )


ENDPOINTS = [
    Endpoint(
        "POST",
        "/v1/payment_intents",
        intent_create,
        {
            "amount": Required(integer),
            "automatic_payment_methods": hash_of(
                {"enabled": Required(boolean), "allow_redirects": one_of("always", "never")}
            ),
            "capture_method": one_of("automatic", "automatic_async", "manual"),
            "confirm": boolean,
            "currency": Required(text),
            "customer": text,
            "description": text,
            "metadata": metadata,
            "payment_method": text,
            "receipt_email": text,
        },
    ),
    Endpoint(
        "GET",
        "/v1/payment_intents",
        listed("payment_intents", "customer"),
        {**LISTING, "customer": text},
    ),
    Endpoint("GET", "/v1/payment_intents/{id}", found("payment_intents")),
    Endpoint(
        "POST",
        "/v1/payment_intents/{id}",
        intent_update,
        {"description": text, "metadata": metadata, "receipt_email": text},
    ),
    Endpoint("POST", "/v1/payment_intents/{id}/confirm", intent_confirm, {"payment_method": text}),
    Endpoint(
        "POST", "/v1/payment_intents/{id}/capture", intent_capture, {"amount_to_capture": integer}
    ),
    Endpoint(
        "POST",
        "/v1/payment_intents/{id}/cancel",
        intent_cancel,
        {
            "cancellation_reason": one_of(
                "abandoned", "duplicate", "fraudulent", "requested_by_customer"
            )
        },
    ),
    Endpoint(
        "GET",
        "/v1/charges",
        listed("charges", "customer", "payment_intent"),
        {**LISTING, "customer": text, "payment_intent": text},
    ),
    Endpoint("GET", "/v1/charges/{id}", found("charges")),
]
