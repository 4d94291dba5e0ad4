"""Subscriptions: create with the first invoice, read, list."""

from __future__ import annotations

from typing import Any

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.call import Call, Endpoint
from integrations.stripe.sandbox.cards import card_attach
from integrations.stripe.sandbox.errors import (
    INVALID_REQUEST,
    ApiError,
    parameter_invalid,
    parameter_missing,
)
from integrations.stripe.sandbox.identifiers import new_id
from integrations.stripe.sandbox.invoicing import (
    invoice_finalize,
    invoice_pay,
    subscription_invoice,
)
from integrations.stripe.sandbox.lists import LISTING, PAGING, list_page, page_of
from integrations.stripe.sandbox.parameters import (
    Parameters,
    Required,
    array_of,
    boolean,
    hash_of,
    integer,
    metadata,
    one_of,
    text,
)
from integrations.stripe.sandbox.periods import DAY, period_end
from integrations.stripe.sandbox.searching import search_page
from integrations.stripe.sandbox.shapes import subscriptions as shape

MAX_ITEMS = 20
ENDED = ("canceled", "incomplete_expired")
STATUSES = (
    "incomplete",
    "incomplete_expired",
    "trialing",
    "active",
    "past_due",
    "canceled",
    "unpaid",
    "paused",
)
COMMON: Parameters = {
    "cancel_at_period_end": boolean,
    "collection_method": one_of("charge_automatically", "send_invoice"),
    "days_until_due": integer,
    "default_payment_method": text,
    "description": text,
    "metadata": metadata,
    "off_session": boolean,
    "proration_behavior": one_of("always_invoice", "create_prorations", "none"),
}
NEW_ITEM: Parameters = {"metadata": metadata, "price": Required(text), "quantity": integer}
CREATE: Parameters = {
    **COMMON,
    "add_invoice_items": array_of(hash_of({"price": Required(text), "quantity": integer})),
    "currency": text,
    "customer": Required(text),
    "items": Required(array_of(hash_of(NEW_ITEM))),
    "payment_behavior": one_of("allow_incomplete", "default_incomplete", "error_if_incomplete"),
    "trial_end": integer,
    "trial_period_days": integer,
}


# --- Create -------------------------------------------------------------------------------------


def create(call: Call) -> Json:
    books, given = call.books, dict(call.params)
    payer = books.find("customers", given["customer"], "customer")
    prices = subscription_prices(books, given["items"])
    trial_end = _trial_end(books, given)
    _check_collection(given)
    given["default_payment_method"] = _card(books, given, payer)
    row = _row(books, given, prices, trial_end)
    if row["collection_method"] == "charge_automatically" and not trial_end:
        _check_payable(row, given, payer)
        row["status"] = "incomplete"
    books.save("subscriptions", row)
    if not payer["currency"]:
        books.save("customers", {**payer, "currency": row["currency"]})
    invoice = subscription_invoice(
        books, row, "subscription_create", given.get("add_invoice_items", [])
    )
    row = books.save("subscriptions", {**row, "latest_invoice": invoice["id"]})
    books.emit("customer.subscription.created", row)
    _first_payment(books, row, invoice, given)
    return books.find("subscriptions", row["id"])


def subscription_prices(books: Books, items: list[Json]) -> list[Json]:
    if not 1 <= len(items) <= MAX_ITEMS:
        raise parameter_invalid("items", f"A subscription has 1 to {MAX_ITEMS} items.")
    prices = [
        books.find("prices", item["price"], f"items[{number}][price]")
        for number, item in enumerate(items)
    ]
    for number, price in enumerate(prices):
        if price["type"] != "recurring":
            raise parameter_invalid(
                f"items[{number}][price]",
                f"The price specified is set to `type=one_time` but this field only accepts "
                f"prices with `type=recurring`: {price['id']}",
            )
        if not price["active"]:
            raise parameter_invalid("items", "The price specified is inactive.")
    if len({price["currency"] for price in prices}) > 1:
        raise parameter_invalid("items", "All prices of a subscription must use one currency.")
    if len({interval_of(price) for price in prices}) > 1:
        raise parameter_invalid("items", "All prices of a subscription must have one interval.")
    return prices


def interval_of(price: Json) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _trial_end(books: Books, given: dict[str, Any]) -> int | None:
    days = given.get("trial_period_days", 0)
    if given.get("trial_end", books.now + 1) <= books.now:
        raise parameter_invalid("trial_end", "Trial end must be in the future.")
    return given.get("trial_end") or (books.now + days * DAY if days else None)


def _check_collection(given: dict[str, Any]) -> None:
    by_invoice = given.get("collection_method") == "send_invoice"
    if by_invoice and "days_until_due" not in given:
        raise parameter_missing("days_until_due")
    if not by_invoice and "days_until_due" in given:
        raise parameter_invalid(
            "days_until_due", "`days_until_due` can only be set with `send_invoice`."
        )


def _card(books: Books, given: dict[str, Any], payer: Json) -> str | None:
    wanted = given.get("default_payment_method")
    return str(card_attach(books, wanted, payer["id"])["id"]) if wanted else None


def _check_payable(row: Json, given: dict[str, Any], payer: Json) -> None:
    card = row["default_payment_method"] or payer["invoice_settings"]["default_payment_method"]
    if not card and given.get("payment_behavior") != "default_incomplete":
        raise ApiError(
            400,
            "This customer has no attached payment source or default payment method. "
            "Please consider adding a default payment method.",
            kind=INVALID_REQUEST,
            code="resource_missing",
        )


def _row(books: Books, given: dict[str, Any], prices: list[Json], trial_end: int | None) -> Json:
    identifier = new_id("sub")
    end = trial_end or period_end(books.now, *interval_of(prices[0]))
    items = [
        shape.subscription_item(books.now, identifier, price, item, (books.now, end))
        for price, item in zip(prices, given["items"], strict=True)
    ]
    row = shape.subscription(books.now, given, items, identifier, prices[0]["currency"])
    if trial_end:
        row |= {"status": "trialing", "trial_start": books.now, "trial_end": trial_end}
    return row


def _first_payment(books: Books, row: Json, invoice: Json, given: dict[str, Any]) -> None:
    """A sent invoice stays a draft for an hour; a charged one is tried at once."""
    if row["status"] == "trialing":
        invoice_finalize(books, invoice)
        return
    if row["collection_method"] == "send_invoice":
        return
    opened = invoice_finalize(books, invoice)
    if opened["status"] == "paid" or given.get("payment_behavior") == "default_incomplete":
        return
    try:
        subscription_collect(books, row, opened)
    except ApiError:
        if given.get("payment_behavior") == "error_if_incomplete":
            raise


def subscription_collect(books: Books, row: Json, invoice: Json) -> None:
    payer = books.find("customers", row["customer"])
    card = row["default_payment_method"] or payer["invoice_settings"]["default_payment_method"]
    invoice_pay(books, invoice, card)


# --- Lists --------------------------------------------------------------------------------------


def listing(call: Call) -> Json:
    status = call.params.get("status")
    price = call.params.get("price")
    exact = {n: call.params[n] for n in ("customer", "collection_method") if n in call.params}

    def keep(row: Json) -> bool:
        if price and price not in {item["price"]["id"] for item in row["items"]["data"]}:
            return False
        return _has_status(row, status) and all(row[n] == v for n, v in exact.items())

    return list_page(call.books, "subscriptions", call.params, keep)


def _has_status(row: Json, wanted: str | None) -> bool:
    status = str(row["status"])
    if wanted == "all":
        return True
    if wanted == "ended":
        return status in ENDED
    return status == wanted if wanted else status != "canceled"


def items_listing(call: Call) -> Json:
    row = call.books.find("subscriptions", call.params["subscription"], "subscription")
    return page_of(row["items"]["data"], call.params, row["items"]["url"])


ENDPOINTS = [
    Endpoint("POST", "/v1/subscriptions", create, CREATE),
    Endpoint(
        "GET",
        "/v1/subscriptions",
        listing,
        {
            **LISTING,
            "collection_method": one_of("charge_automatically", "send_invoice"),
            "customer": text,
            "price": text,
            "status": one_of("all", "ended", *STATUSES),
        },
    ),
    Endpoint(
        "GET",
        "/v1/subscriptions/search",
        lambda call: search_page(call.books, "subscriptions", call.params),
        {"query": Required(text), "limit": integer, "page": text},
    ),
    Endpoint("GET", "/v1/subscriptions/{id}", lambda c: c.books.find("subscriptions", c.id)),
    Endpoint(
        "GET",
        "/v1/subscription_items",
        items_listing,
        {**PAGING, "subscription": Required(text)},
    ),
]
