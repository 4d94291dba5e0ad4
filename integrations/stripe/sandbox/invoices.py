"""Invoices and which payments paid them."""

from __future__ import annotations

from collections.abc import Callable

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.call import Call, Endpoint
from integrations.stripe.sandbox.cards import card_attach
from integrations.stripe.sandbox.errors import ApiError
from integrations.stripe.sandbox.invoicing import invoice_close, invoice_finalize, invoice_pay
from integrations.stripe.sandbox.lists import LISTING, PAGING, list_page, page_of
from integrations.stripe.sandbox.parameters import (
    Required,
    boolean,
    hash_of,
    one_of,
    text,
    time_range,
)

STATUSES = ("draft", "open", "paid", "uncollectible", "void")


def finalize(call: Call) -> Json:
    return invoice_finalize(call.books, _invoice(call))


def pay(call: Call) -> Json:
    row = _invoice(call)
    outside = call.params.get("paid_out_of_band", False)
    return invoice_pay(call.books, row, None if outside else _card(call, row), outside=outside)


def _card(call: Call, row: Json) -> str:
    wanted = call.params.get("payment_method")
    if wanted:
        return str(card_attach(call.books, wanted, row["customer"])["id"])
    payer = call.books.find("customers", row["customer"])
    found = payer["invoice_settings"]["default_payment_method"]
    if not found:
        raise ApiError(
            400,
            "There is no `default_payment_method` set on this Customer or Invoice. "
            "Please set a payment method, or use `paid_out_of_band`.",
            code="invoice_no_payment_method_types",
        )
    return str(found)


def send(call: Call) -> Json:
    row = _invoice(call)
    if row["collection_method"] != "send_invoice":
        raise ApiError(400, "You can only manually send an invoice with `send_invoice`.")
    if row["status"] == "draft":
        row = invoice_finalize(call.books, row)
    call.books.emit("invoice.sent", row)
    return row


def void(call: Call) -> Json:
    return invoice_close(call.books, _invoice(call), "void", "invoice.voided", "voided_at")


def mark_uncollectible(call: Call) -> Json:
    return invoice_close(
        call.books,
        _invoice(call),
        "uncollectible",
        "invoice.marked_uncollectible",
        "marked_uncollectible_at",
    )


def listing(call: Call) -> Json:
    exact = {
        n: call.params[n] for n in ("collection_method", "customer", "status") if n in call.params
    }
    subscription = call.params.get("subscription")

    def keep(row: Json) -> bool:
        if subscription and subscription != subscription_of(row):
            return False
        return all(row[n] == v for n, v in exact.items())

    return list_page(call.books, "invoices", call.params, keep)


def subscription_of(invoice: Json) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details")
    return details["subscription"] if details else None


def lines(call: Call) -> Json:
    row = _invoice(call)
    return page_of(row["lines"]["data"], call.params, row["lines"]["url"])


def payment_listing(call: Call) -> Json:
    invoice, status = call.params.get("invoice"), call.params.get("status")
    payment = call.params.get("payment") or {}

    def keep(row: Json) -> bool:
        return (
            invoice in (None, row["invoice"])
            and status in (None, row["status"])
            and all(row["payment"].get(n) == v for n, v in payment.items())
        )

    return list_page(call.books, "invoice_payments", call.params, keep)


def _invoice(call: Call) -> Json:
    return call.books.find("invoices", call.id)


def _act(word: str, run: Callable[[Call], Json]) -> Endpoint:
    return Endpoint("POST", f"/v1/invoices/{{id}}/{word}", run)


ENDPOINTS = [
    Endpoint(
        "GET",
        "/v1/invoices",
        listing,
        {
            **LISTING,
            "collection_method": one_of("charge_automatically", "send_invoice"),
            "customer": text,
            "due_date": time_range,
            "status": one_of(*STATUSES),
            "subscription": text,
        },
    ),
    Endpoint("GET", "/v1/invoices/{id}", _invoice),
    Endpoint("GET", "/v1/invoices/{id}/lines", lines, PAGING),
    _act("finalize", finalize),
    Endpoint(
        "POST",
        "/v1/invoices/{id}/pay",
        pay,
        {"paid_out_of_band": boolean, "payment_method": text},
    ),
    _act("send", send),
    _act("void", void),
    _act("mark_uncollectible", mark_uncollectible),
    Endpoint(
        "GET",
        "/v1/invoice_payments",
        payment_listing,
        {
            **LISTING,
            "invoice": text,
            "payment": hash_of(
                {"type": Required(one_of("payment_intent", "charge")), "payment_intent": text}
            ),
            "status": one_of("canceled", "open", "paid"),
        },
    ),
    Endpoint("GET", "/v1/invoice_payments/{id}", lambda c: c.books.find("invoice_payments", c.id)),
]
