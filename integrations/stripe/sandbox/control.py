"""What a person does in Stripe's dashboard: pay, fail, renew, cancel, send again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from integrations.hub.sandbox.fake import Action, SandboxRefusal
from integrations.hub.sandbox.store import Json
from integrations.hub.sandbox.vendor import Vendor
from integrations.stripe.sandbox.books import ALL_EVENTS, Books, every_books
from integrations.stripe.sandbox.cards import TEST_CARDS, card_attach
from integrations.stripe.sandbox.errors import ApiError
from integrations.stripe.sandbox.idempotency import IdempotencyKeys
from integrations.stripe.sandbox.invoicing import invoice_fail, invoice_finalize, invoice_pay
from integrations.stripe.sandbox.subscription_changes import subscription_end, subscription_renew
from integrations.stripe.sandbox.wording import money

DECLINES = {failure[0]: failure[1] for failure in TEST_CARDS.values() if failure}

Values = Mapping[str, str]


def actions(vendor: Vendor, keys: IdempotencyKeys) -> Mapping[str, Action]:
    """By name; the control API and the page run the same."""

    def bound(run: Callable[[Books, Values], str]) -> Callable[[Values], str]:
        def act(values: Values) -> str:
            with vendor.store.transaction():
                try:
                    return run(_books_of(vendor, values), values)
                except ApiError as error:
                    raise SandboxRefusal(str(error)) from error

        return act

    return {
        "pay_invoice": Action("Pay invoice", bound(pay)),
        "fail_payment": Action("Fail payment", bound(fail)),
        "finalize_invoice": Action("Finalize invoice", bound(finalize)),
        "next_billing_cycle": Action("Next billing cycle", bound(renew)),
        "cancel_subscription": Action("Cancel subscription", bound(cancel)),
        "resend_event": Action("Send again three times", bound(resend)),
        "send_unknown_event": Action(
            "Send an event of an unknown type", bound(send_unknown), is_general=True
        ),
        "forget_idempotency_keys": Action(
            "Let a day pass for idempotency keys",
            lambda _: f"{keys.forget()} idempotency keys forgotten.",
            is_general=True,
        ),
    }


def _books_of(vendor: Vendor, values: Values) -> Books:
    """Those of the account that holds what the action is about."""
    row_id = values.get("id", "")
    for books in every_books(vendor):
        if any(books.get(name, row_id) for name in ("invoices", "subscriptions", "events")):
            return books
    return Books(vendor)


# --- Actions ------------------------------------------------------------------------------------


def pay(books: Books, values: Values) -> str:
    row = _find(books, "invoices", values)
    card = card_attach(books, "pm_card_visa", row["customer"])
    paid = invoice_pay(books, row, card["id"])
    return f"Invoice {paid['number']} is paid: {money(paid['amount_paid'], paid['currency'])}."


def fail(books: Books, values: Values) -> str:
    code = values.get("decline_code", "insufficient_funds")
    if code not in DECLINES:
        raise SandboxRefusal(f"No decline code is called {code!r}.")
    failed = invoice_fail(books, _find(books, "invoices", values), (code, DECLINES[code]))
    return f"Payment of invoice {failed['number']} failed (attempt {failed['attempt_count']})."


def finalize(books: Books, values: Values) -> str:
    opened = invoice_finalize(books, _find(books, "invoices", values))
    return f"Invoice {opened['number']} is {opened['status']}."


def renew(books: Books, values: Values) -> str:
    row = _find(books, "subscriptions", values)
    if row["status"] in ("canceled", "incomplete", "incomplete_expired"):
        raise SandboxRefusal(f"Subscription {row['id']} is {row['status']}; nothing to bill.")
    invoice = subscription_renew(books, row)
    return f"Subscription {row['id']} moved on; invoice {invoice['number']} is {invoice['status']}."


def cancel(books: Books, values: Values) -> str:
    row = _find(books, "subscriptions", values)
    if row["status"] == "canceled":
        raise SandboxRefusal(f"Subscription {row['id']} is canceled already.")
    subscription_end(books, row, {"comment": None, "feedback": None, "reason": None})
    return f"Subscription {row['id']} is canceled."


def resend(books: Books, values: Values) -> str:
    event = _find(books, "events", values)
    copies = values.get("copies", "3")
    if not copies.isdecimal() or not 1 <= int(copies) <= 100:
        raise SandboxRefusal("Copies must be 1 to 100.")
    return f"{event['type']} is sent again, {books.repost(event, int(copies))} times in all."


def send_unknown(books: Books, _: Values) -> str:
    event = books.emit("radar.nexa_unknown.created", {"id": "xx_1", "object": "unknown"})
    endpoints = list(books.all("webhook_endpoints"))
    for endpoint in endpoints:
        if ALL_EVENTS not in endpoint["enabled_events"]:
            books.post(event, endpoint)
    return f"Event {event['id']} of a type nobody asked for is sent to {len(endpoints)} endpoints."


def _find(books: Books, collection: str, values: Values) -> Json:
    return books.find(collection, values.get("id", ""))
