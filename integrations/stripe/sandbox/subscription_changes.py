"""What happens to a subscription later: changed, cancelled, renewed."""

from __future__ import annotations

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.call import Call, Endpoint
from integrations.stripe.sandbox.cards import card_attach
from integrations.stripe.sandbox.customers import merged_metadata
from integrations.stripe.sandbox.errors import (
    ApiError,
    no_such,
    parameter_invalid,
    parameter_missing,
)
from integrations.stripe.sandbox.invoicing import invoice_finalize, subscription_invoice
from integrations.stripe.sandbox.lists import whole_list
from integrations.stripe.sandbox.parameters import (
    Parameters,
    array_of,
    boolean,
    hash_of,
    integer,
    metadata,
    one_of,
    text,
)
from integrations.stripe.sandbox.periods import period_end
from integrations.stripe.sandbox.shapes import subscriptions as shape
from integrations.stripe.sandbox.subscriptions import (
    COMMON,
    ENDED,
    interval_of,
    subscription_collect,
    subscription_prices,
)

CHANGED_ITEM: Parameters = {
    "deleted": boolean,
    "id": text,
    "metadata": metadata,
    "price": text,
    "quantity": integer,
}
UPDATE: Parameters = {**COMMON, "items": array_of(hash_of(CHANGED_ITEM))}
CANCEL: Parameters = {
    "cancellation_details": hash_of(
        {
            "comment": text,
            "feedback": one_of(
                "customer_service",
                "low_quality",
                "missing_features",
                "other",
                "switched_service",
                "too_complex",
                "too_expensive",
                "unused",
            ),
        }
    ),
    "invoice_now": boolean,
    "prorate": boolean,
}


def update(call: Call) -> Json:
    books, given = call.books, dict(call.params)
    before = _living(call)
    changes: Json = {
        name: given[name]
        for name in ("cancel_at_period_end", "collection_method", "days_until_due", "description")
        if name in given
    }
    if "cancel_at_period_end" in given:
        changes |= _cancel_at_period_end(books, before, given["cancel_at_period_end"])
    if "metadata" in given:
        changes["metadata"] = merged_metadata(before["metadata"], given["metadata"])
    if given.get("default_payment_method"):
        card = card_attach(books, given["default_payment_method"], before["customer"])
        changes["default_payment_method"] = card["id"]
    if "items" in given:
        changes["items"] = _changed_items(books, before, given["items"])
    return books.update("subscriptions", before, changes, "customer.subscription.updated")


def _cancel_at_period_end(books: Books, row: Json, wanted: bool) -> Json:
    end = min(item["current_period_end"] for item in row["items"]["data"])
    return {
        "cancel_at": end if wanted else None,
        "canceled_at": books.now if wanted else None,
        "cancellation_details": {
            **row["cancellation_details"],
            "reason": "cancellation_requested" if wanted else None,
        },
    }


def _changed_items(books: Books, row: Json, given: list[Json]) -> Json:
    """Items without an id are added, not replaced."""
    items = {item["id"]: item for item in row["items"]["data"]}
    period = next(
        (item["current_period_start"], item["current_period_end"]) for item in items.values()
    )
    for number, change in enumerate(given):
        where = f"items[{number}]"
        known = change.get("id")
        if known and known not in items:
            raise no_such("subscription item", known, f"{where}[id]")
        if known and change.get("deleted"):
            del items[known]
            continue
        if not known and not change.get("price"):
            raise parameter_missing(f"{where}[price]")
        made = _changed_item(books, row, items.get(known or ""), change, period)
        items[made["id"]] = made
    if not items:
        raise parameter_invalid("items", "A subscription must keep at least one item.")
    return whole_list(list(items.values()), row["items"]["url"])


def _changed_item(
    books: Books, row: Json, item: Json | None, change: Json, period: tuple[int, int]
) -> Json:
    price = subscription_prices(books, [change])[0] if change.get("price") else None
    if price and price["currency"] != row["currency"]:
        raise parameter_invalid("items", "All prices of a subscription must use one currency.")
    if item is None and price is not None:
        return shape.subscription_item(books.now, row["id"], price, change, period)
    changed = dict(item or {})
    if price is not None:
        changed |= {"price": price, "plan": shape.plan(price)}
    if "quantity" in change:
        changed["quantity"] = change["quantity"]
    if "metadata" in change:
        changed["metadata"] = merged_metadata(changed["metadata"], change["metadata"])
    return changed


def cancel(call: Call) -> Json:
    row = _living(call)
    details = {**row["cancellation_details"], **(call.params.get("cancellation_details") or {})}
    return subscription_end(call.books, row, {**details, "reason": "cancellation_requested"})


def subscription_end(books: Books, row: Json, details: Json) -> Json:
    changes = {
        "status": "canceled",
        "canceled_at": row["canceled_at"] or books.now,
        "ended_at": books.now,
        "cancellation_details": details,
    }
    ended = books.update("subscriptions", row, changes)
    books.emit("customer.subscription.deleted", ended)
    return ended


def subscription_renew(books: Books, row: Json) -> Json:
    """The next billing period: ends what was to end, else bills; returns the newest invoice."""
    if row["cancel_at_period_end"]:
        subscription_end(books, row, row["cancellation_details"])
        return books.find("invoices", row["latest_invoice"])
    items = []
    for item in row["items"]["data"]:
        start = item["current_period_end"]
        end = period_end(start, *interval_of(item["price"]))
        items.append({**item, "current_period_start": start, "current_period_end": end})
    changes: Json = {"items": {**row["items"], "data": items}}
    if row["status"] == "trialing":
        changes["status"] = "active"
    moved = {**row, **changes}
    invoice = subscription_invoice(books, moved, "subscription_cycle", [])
    changes["latest_invoice"] = invoice["id"]
    moved = books.update("subscriptions", row, changes, "customer.subscription.updated")
    opened = invoice_finalize(books, invoice)
    if moved["collection_method"] == "charge_automatically" and opened["status"] == "open":
        try:
            subscription_collect(books, moved, opened)
        except ApiError:
            return books.find("invoices", opened["id"])
    return books.find("invoices", opened["id"])


def _living(call: Call) -> Json:
    row = call.books.find("subscriptions", call.id)
    if row["status"] in ENDED:
        raise no_such("subscription", call.id)
    return row


ENDPOINTS = [
    Endpoint("POST", "/v1/subscriptions/{id}", update, UPDATE),
    Endpoint("DELETE", "/v1/subscriptions/{id}", cancel, CANCEL),
]
