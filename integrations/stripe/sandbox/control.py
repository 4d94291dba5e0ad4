"""What a person does in Stripe's dashboard: pay, fail, renew, cancel, send again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import islice

from integrations.hub.sandbox.fake import Action, Button, Field, Row, SandboxRefusal, Table
from integrations.hub.sandbox.pages import NONE, moment
from integrations.hub.sandbox.store import Json
from integrations.hub.sandbox.vendor import Vendor
from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.cards import TEST_CARDS, card_attach
from integrations.stripe.sandbox.errors import ApiError
from integrations.stripe.sandbox.idempotency import IdempotencyKeys
from integrations.stripe.sandbox.invoicing import invoice_fail, invoice_finalize, invoice_pay
from integrations.stripe.sandbox.subscription_changes import subscription_end, subscription_renew

SHOWN = 25
DECLINES = {failure[0]: failure[1] for failure in TEST_CARDS.values() if failure}
ZERO_DECIMAL = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])

Values = Mapping[str, str]


def actions(vendor: Vendor, keys: IdempotencyKeys) -> Mapping[str, Action]:
    """By name; the control API and the page run the same."""

    def bound(run: Callable[[Books, Values], str]) -> Callable[[Values], str]:
        def act(values: Values) -> str:
            with vendor.store.transaction():
                try:
                    return run(Books(vendor), values)
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
        "send_unknown_event": Action("Send an event of an unknown type", bound(send_unknown)),
        "forget_idempotency_keys": Action(
            "Let a day pass for idempotency keys",
            lambda _: f"{keys.forget()} idempotency keys forgotten.",
            fields=(Field("confirm", "Say yes", "yes"),),
        ),
    }


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
    return f"Event {event['id']} of a type nobody knows is sent to endpoints that take every type."


def _find(books: Books, collection: str, values: Values) -> Json:
    return books.find(collection, values.get("id", ""))


# --- Tables -------------------------------------------------------------------------------------


def tables(vendor: Vendor) -> list[Table]:
    books = Books(vendor)
    return [
        _table(books, "customers", "Customers", ("Id", "Name", "E-mail"), _customer),
        _table(
            books,
            "subscriptions",
            "Subscriptions",
            ("Id", "Customer", "Status", "Items", "Period ends (UTC)"),
            _subscription,
        ),
        _table(
            books,
            "invoices",
            "Invoices",
            ("Id", "Number", "Customer", "Status", "Total", "Attempts"),
            _invoice,
        ),
        _table(books, "events", "Events", ("Id", "Type", "At (UTC)"), _event),
        _table(
            books, "webhook_endpoints", "Web-hook endpoints", ("Id", "URL", "Status"), _endpoint
        ),
    ]


def _table(
    books: Books, name: str, title: str, columns: tuple[str, ...], row: Callable[[Json], Row]
) -> Table:
    shown = tuple(row(found) for found in islice(books.all(name), SHOWN))
    return Table(name, title, columns, shown, books.vendor.collection(name).count())


def _customer(row: Json) -> Row:
    if row.get("deleted"):
        return Row((row["id"], "deleted", NONE))
    return Row((row["id"], row["name"] or NONE, row["email"] or NONE))


def _subscription(row: Json) -> Row:
    items = row["items"]["data"]
    texts = [f"{i['quantity']} x {money_of(i['price'])}" for i in items]
    end = min(item["current_period_end"] for item in items)
    buttons = [Button("next_billing_cycle", "Next billing cycle", {"id": row["id"]})]
    if row["status"] != "canceled":
        buttons.append(Button("cancel_subscription", "Cancel subscription", {"id": row["id"]}))
    cells = (row["id"], row["customer"], row["status"], ", ".join(texts), moment(end))
    return Row(cells, tuple(buttons) if row["status"] != "canceled" else ())


def _invoice(row: Json) -> Row:
    buttons: tuple[Button, ...] = ()
    if row["status"] in ("draft", "open"):
        named = {"id": row["id"]}
        buttons = (
            Button("pay_invoice", "Pay invoice", named),
            Button("fail_payment", "Fail payment", named),
        )
    cells = (
        row["id"],
        row["number"] or NONE,
        row["customer"],
        row["status"],
        money(row["total"], row["currency"]),
        str(row["attempt_count"]),
    )
    return Row(cells, buttons)


def _event(row: Json) -> Row:
    return Row(
        (row["id"], row["type"], moment(row["created"])),
        (Button("resend_event", "Send again three times", {"id": row["id"]}),),
    )


def _endpoint(row: Json) -> Row:
    return Row((row["id"], row["url"], row["status"]))


def money(amount: int, currency: str) -> str:
    places = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    return f"{Decimal(amount).scaleb(-places):f} {currency.upper()}"


def money_of(price: Json) -> str:
    amount = Decimal(price["unit_amount_decimal"])
    places = (
        0 if price["currency"] in ZERO_DECIMAL else 3 if price["currency"] in THREE_DECIMAL else 2
    )
    per = price["recurring"]["interval"]
    return f"{amount.scaleb(-places).normalize():f} {price['currency'].upper()} a {per}"
