"""What Stripe's dashboard lists, for the control page."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from integrations.hub.sandbox.fake import Button, Row, Table
from integrations.hub.sandbox.pages import NONE, moment
from integrations.hub.sandbox.store import Json
from integrations.hub.sandbox.vendor import Vendor
from integrations.stripe.sandbox.books import FIRST_WORD, Books, every_books
from integrations.stripe.sandbox.wording import money, money_of

SHOWN = 25


def tables(vendor: Vendor) -> list[Table]:
    return [table for books in every_books(vendor) for table in _tables(books)]


def _tables(books: Books) -> list[Table]:
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
    books: Books, name: str, title: str, columns: tuple[str, ...], row: Callable[[Books, Json], Row]
) -> Table:
    shown = tuple(row(books, found) for found in islice(books.all(name), SHOWN))
    count = books.collection(name).count()
    if books.word != FIRST_WORD:
        name, title = f"{books.word}-{name}", f"{title} of {books.account}"
    return Table(name, title, columns, shown, count)


def _customer(_: Books, row: Json) -> Row:
    if row.get("deleted"):
        return Row((row["id"], "deleted", NONE))
    return Row((row["id"], row["name"] or NONE, row["email"] or NONE))


def _subscription(books: Books, row: Json) -> Row:
    items = row["items"]["data"]
    texts = [f"{i['quantity']} x {money_of(i['price'])}" for i in items]
    end = min(item["current_period_end"] for item in items)
    named = {"id": row["id"]}
    buttons = (
        Button("next_billing_cycle", "Next billing cycle", named),
        Button("cancel_subscription", "Cancel subscription", named),
    )
    cells = (row["id"], _name(books, row["customer"]), row["status"], ", ".join(texts), moment(end))
    return Row(cells, buttons if row["status"] != "canceled" else ())


def _invoice(books: Books, row: Json) -> Row:
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
        _name(books, row["customer"]),
        row["status"],
        money(row["total"], row["currency"]),
        str(row["attempt_count"]),
    )
    return Row(cells, buttons)


def _event(_: Books, row: Json) -> Row:
    return Row(
        (row["id"], row["type"], moment(row["created"])),
        (Button("resend_event", "Send again three times", {"id": row["id"]}),),
    )


def _endpoint(_: Books, row: Json) -> Row:
    return Row((row["id"], row["url"], row["status"]))


def _name(books: Books, customer: str) -> str:
    found = books.get("customers", customer) or {}
    return str(found.get("name") or found.get("email") or customer)
