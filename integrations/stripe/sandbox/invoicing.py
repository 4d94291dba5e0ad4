"""The life of an invoice: drafted, finalized, paid or failed; its subscription follows."""

from __future__ import annotations

from typing import Any

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.cards import Failure, card_failure
from integrations.stripe.sandbox.errors import ApiError, card_declined
from integrations.stripe.sandbox.identifiers import new_id, random_text
from integrations.stripe.sandbox.payments import charge_make, intent_make
from integrations.stripe.sandbox.periods import DAY
from integrations.stripe.sandbox.shapes import invoices, payments

RETRY_AFTER = 3 * DAY
DRAFT_FOR = 3600


# --- Drafting -----------------------------------------------------------------------------------


def subscription_invoice(books: Books, subscription: Json, reason: str, extra: list[Json]) -> Json:
    """A draft for the period the items are in; `extra` are one-time items (price, quantity)."""
    identifier = new_id("in")
    items = subscription["items"]["data"]
    lines = [_item_line(identifier, item) for item in items]
    if subscription["status"] == "trialing":
        lines = [{**line, "amount": 0, "subtotal": 0} for line in lines]
    lines += [_extra_line(books, identifier, given) for given in extra]
    rest = {
        "billing_reason": reason,
        "collection_method": subscription["collection_method"],
        "currency": subscription["currency"],
        "parent": {
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
        },
        "period_start": books.now,
        "period_end": books.now,
        "_days_until_due": subscription["days_until_due"],
    }
    return _draft(books, subscription["customer"], identifier, rest, lines)


def one_off_invoice(books: Books, customer: str, given: dict[str, Any], lines: list[Json]) -> Json:
    """A draft without a subscription; `lines` hold price and quantity."""
    identifier = new_id("in")
    made = [_extra_line(books, identifier, line) for line in lines]
    rest = {
        "billing_reason": "manual",
        "collection_method": given.get("collection_method", "charge_automatically"),
        "currency": made[0]["currency"] if made else given.get("currency", "usd"),
        "description": given.get("description"),
        "metadata": given.get("metadata", {}),
        "period_start": books.now,
        "period_end": books.now,
        "_days_until_due": given.get("days_until_due"),
    }
    return _draft(books, customer, identifier, rest, made)


def _draft(books: Books, customer: str, identifier: str, rest: Json, lines: list[Json]) -> Json:
    payer = books.find("customers", customer, "customer")
    rest["automatically_finalizes_at"] = books.now + DRAFT_FOR
    row = invoices.invoice(books.now, identifier, payer, rest, lines)
    books.save("invoices", row)
    books.emit("invoice.created", row)
    return row


def _item_line(invoice: str, item: Json) -> Json:
    period = {"start": item["current_period_start"], "end": item["current_period_end"]}
    parent = {
        "type": "subscription_item_details",
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": item["subscription"],
            "subscription_item": item["id"],
        },
    }
    rest = {"description": f"{item['quantity']} x item", "parent": parent, "period": period}
    return invoices.invoice_line(invoice, item["price"], item["quantity"], rest)


def _extra_line(books: Books, invoice: str, given: Json) -> Json:
    price = books.find("prices", given["price"], "price")
    parent = {
        "type": "invoice_item_details",
        "subscription_item_details": None,
        "invoice_item_details": {
            "invoice_item": f"ii_{random_text(24)}",
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": None,
        },
    }
    rest = {
        "description": f"{given.get('quantity', 1)} x one-time item",
        "parent": parent,
        "period": {"start": books.now, "end": books.now},
    }
    return invoices.invoice_line(invoice, price, given.get("quantity", 1), rest)


# --- Finalizing ---------------------------------------------------------------------------------


def invoice_finalize(books: Books, invoice: Json) -> Json:
    """Gives the number; an invoice over nothing is paid at once. Raises ApiError unless a draft."""
    if invoice["status"] != "draft":
        raise ApiError(
            400,
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    days = invoice["_days_until_due"]
    changes = {
        "automatically_finalizes_at": None,
        "due_date": books.now + days * DAY if days is not None else None,
        "effective_at": books.now,
        "hosted_invoice_url": f"https://invoice.stripe.com/i/acct/{random_text(20)}",
        "invoice_pdf": f"https://pay.stripe.com/invoice/acct/{random_text(20)}/pdf",
        "number": _number(books, invoice["customer"]),
        "status": "open",
        "status_transitions": {**invoice["status_transitions"], "finalized_at": books.now},
    }
    opened = books.update("invoices", invoice, changes, "invoice.updated")
    books.emit("invoice.finalized", opened)
    return opened if opened["amount_due"] else _settle(books, opened, attempted=True)


def _number(books: Books, customer: str) -> str:
    payer = books.find("customers", customer)
    sequence = payer["next_invoice_sequence"]
    books.save("customers", {**payer, "next_invoice_sequence": sequence + 1})
    return f"{payer['invoice_prefix']}-{sequence:04d}"


# --- Paying -------------------------------------------------------------------------------------


def invoice_pay(books: Books, invoice: Json, card: str | None, *, outside: bool = False) -> Json:
    """Pay it by card, or note that it was paid outside. Raises ApiError 402 when it is refused."""
    if invoice["status"] == "draft":
        invoice = invoice_finalize(books, invoice)
    if invoice["status"] == "paid":
        raise ApiError(400, "Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in ("open", "uncollectible"):
        raise ApiError(400, f"This invoice is {invoice['status']} and cannot be paid.")
    if outside:
        return _settle(books, invoice, attempted=invoice["attempted"])
    failure = card_failure(books, card)
    payment, intent = _payment(books, invoice, card)
    if failure:
        invoice_fail(books, invoice, failure, card)
        refused = books.find("payment_intents", intent["id"])
        raise card_declined(*failure, {"payment_intent": refused})
    charge_make(books, intent, None)
    _payment_done(books, payment)
    return _settle(books, invoice, attempted=True)


def invoice_fail(books: Books, invoice: Json, failure: Failure, card: str | None = None) -> Json:
    """One failed attempt: the invoice stays open, a charged subscription becomes past due."""
    if invoice["status"] == "draft":
        invoice = invoice_finalize(books, invoice)
    if invoice["status"] != "open":
        raise ApiError(400, f"This invoice is {invoice['status']}; no payment is tried.")
    _, intent = _payment(books, invoice, card)
    charge_make(books, intent, failure)
    automatic = invoice["collection_method"] == "charge_automatically"
    changes = {
        "attempt_count": invoice["attempt_count"] + 1,
        "attempted": True,
        "next_payment_attempt": books.now + RETRY_AFTER if automatic else None,
    }
    failed = books.update("invoices", invoice, changes, "invoice.updated")
    books.emit("invoice.payment_failed", failed)
    if automatic:
        _subscription_move(books, failed, {"active": "past_due"})
    return failed


def _settle(books: Books, invoice: Json, *, attempted: bool) -> Json:
    changes = {
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempted": attempted,
        "attempt_count": invoice["attempt_count"] + (1 if attempted else 0),
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "paid",
        "status_transitions": {**invoice["status_transitions"], "paid_at": books.now},
    }
    paid = books.update("invoices", invoice, changes, "invoice.updated")
    books.emit("invoice.paid", paid)
    if attempted:
        books.emit("invoice.payment_succeeded", paid)
    _subscription_move(books, paid, {"incomplete": "active", "past_due": "active"})
    return paid


def invoice_close(books: Books, invoice: Json, status: str, kind: str, moment: str) -> Json:
    """Void it or write it off. Raises ApiError unless it is open (or uncollectible)."""
    if invoice["status"] not in ("open", "uncollectible"):
        raise ApiError(
            400, f"This invoice is {invoice['status']}; only open ones can become {status}."
        )
    changes = {
        "status": status,
        "auto_advance": False,
        "status_transitions": {**invoice["status_transitions"], moment: books.now},
    }
    closed = books.update("invoices", invoice, changes, "invoice.updated")
    books.emit(kind, closed)
    return closed


def _payment(books: Books, invoice: Json, card: str | None) -> tuple[Json, Json]:
    """The invoice's one payment with its intent, which every attempt uses again."""
    for row in books.all("invoice_payments"):
        if row["invoice"] == invoice["id"]:
            intent = books.find("payment_intents", row["payment"]["payment_intent"])
            return row, books.update("payment_intents", intent, {"payment_method": card})
    intent = intent_make(
        books,
        {
            "amount": invoice["amount_remaining"],
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "description": f"Payment for invoice {invoice['number']}",
            "payment_method": card,
        },
    )
    made = payments.invoice_payment(books.now, invoice, intent["id"])
    return books.save("invoice_payments", made), intent


def _payment_done(books: Books, payment: Json) -> None:
    changes = {
        "amount_paid": payment["amount_requested"],
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": books.now},
    }
    books.update("invoice_payments", payment, changes)
    books.emit("invoice_payment.paid", {**payment, **changes})


def _subscription_move(books: Books, invoice: Json, moves: dict[str, str]) -> None:
    details = (invoice["parent"] or {}).get("subscription_details")
    subscription = books.get("subscriptions", details["subscription"]) if details else None
    if subscription and subscription["status"] in moves:
        books.update(
            "subscriptions",
            subscription,
            {"status": moves[subscription["status"]]},
            "customer.subscription.updated",
        )
