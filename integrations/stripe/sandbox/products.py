"""Products and prices; the amount of a price never changes."""

from __future__ import annotations

from decimal import Decimal

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox import shapes
from integrations.stripe.sandbox.call import Call, Endpoint
from integrations.stripe.sandbox.customers import merged_metadata
from integrations.stripe.sandbox.errors import ApiError, no_such, parameter_invalid
from integrations.stripe.sandbox.lists import LISTING, list_page
from integrations.stripe.sandbox.parameters import (
    Parameters,
    Required,
    array_of,
    boolean,
    decimal,
    hash_of,
    integer,
    metadata,
    one_of,
    text,
)
from integrations.stripe.sandbox.shapes import catalog

PRODUCT: Parameters = {
    "active": boolean,
    "description": text,
    "metadata": metadata,
    "unit_label": text,
    "url": text,
}
RECURRING: Parameters = {
    "interval": Required(one_of("day", "week", "month", "year")),
    "interval_count": integer,
}
PRICE: Parameters = {
    "active": boolean,
    "lookup_key": text,
    "metadata": metadata,
    "nickname": text,
    "tax_behavior": one_of("exclusive", "inclusive", "unspecified"),
}
NEW_PRICE: Parameters = {
    **PRICE,
    "currency": Required(text),
    "product": Required(text),
    "recurring": hash_of(RECURRING),
    "unit_amount": integer,
    "unit_amount_decimal": decimal,
}


# --- Products -----------------------------------------------------------------------------------


def product_create(call: Call) -> Json:
    wanted = call.params.get("id")
    if wanted and call.books.get("products", wanted):
        raise ApiError(400, f"Product already exists: {wanted}", code="resource_already_exists")
    row = call.books.save("products", catalog.product(call.books.now, call.params))
    call.books.emit("product.created", row)
    return row


def product_update(call: Call) -> Json:
    before = _product(call)
    changes = {**call.params, "updated": call.books.now}
    if "metadata" in changes:
        changes["metadata"] = merged_metadata(before["metadata"], changes["metadata"])
    return call.books.update("products", before, changes, "product.updated")


def product_delete(call: Call) -> Json:
    row = _product(call)
    if any(price["product"] == row["id"] for price in call.books.all("prices")):
        raise ApiError(400, "This product cannot be deleted because it has prices.")
    gone = {**shapes.deleted("product", row["id"]), "created": row["created"]}
    call.books.save("products", gone)
    call.books.emit("product.deleted", row)
    return gone


def product_list(call: Call) -> Json:
    active, ids = call.params.get("active"), call.params.get("ids")
    return list_page(
        call.books,
        "products",
        call.params,
        lambda row: active in (None, row.get("active")) and (not ids or row["id"] in ids),
    )


def _product(call: Call) -> Json:
    row = call.books.find("products", call.id)
    if row.get("deleted"):
        raise no_such("product", call.id)
    return row


# --- Prices -------------------------------------------------------------------------------------


def price_create(call: Call) -> Json:
    call.books.find("products", call.params["product"], "product")
    key = call.params.get("lookup_key")
    if key and any(p["lookup_key"] == key for p in call.books.all("prices")):
        raise parameter_invalid("lookup_key", f"A price already uses lookup key `{key}`.")
    row = catalog.price(call.books.now, call.params, _amount(call))
    call.books.save("prices", row)
    call.books.emit("price.created", row)
    return row


def _amount(call: Call) -> Decimal:
    currency = call.params["currency"]
    if not (len(currency) == 3 and currency.isalpha() and currency.islower()):
        raise parameter_invalid("currency", f"Invalid currency: {currency}")
    given = [call.params[n] for n in ("unit_amount", "unit_amount_decimal") if n in call.params]
    if len(given) != 1:
        raise parameter_invalid(
            "unit_amount", "You must give exactly one of unit_amount and unit_amount_decimal."
        )
    if given[0] < 0:
        raise parameter_invalid("unit_amount", "This value must be greater than or equal to 0.")
    return Decimal(given[0])


def price_update(call: Call) -> Json:
    before = call.books.find("prices", call.id)
    changes = dict(call.params)
    if "metadata" in changes:
        changes["metadata"] = merged_metadata(before["metadata"], changes["metadata"])
    return call.books.update("prices", before, changes, "price.updated")


def price_list(call: Call) -> Json:
    exact = {
        n: call.params[n] for n in ("active", "currency", "product", "type") if n in call.params
    }
    keys = call.params.get("lookup_keys")
    return list_page(
        call.books,
        "prices",
        call.params,
        lambda row: (
            all(row[n] == v for n, v in exact.items()) and (not keys or row["lookup_key"] in keys)
        ),
    )


ENDPOINTS = [
    Endpoint(
        "POST", "/v1/products", product_create, {**PRODUCT, "id": text, "name": Required(text)}
    ),
    Endpoint(
        "GET", "/v1/products", product_list, {**LISTING, "active": boolean, "ids": array_of(text)}
    ),
    Endpoint("GET", "/v1/products/{id}", lambda call: call.books.find("products", call.id)),
    Endpoint("POST", "/v1/products/{id}", product_update, {**PRODUCT, "name": text}),
    Endpoint("DELETE", "/v1/products/{id}", product_delete),
    Endpoint("POST", "/v1/prices", price_create, NEW_PRICE),
    Endpoint(
        "GET",
        "/v1/prices",
        price_list,
        {
            **LISTING,
            "active": boolean,
            "currency": text,
            "lookup_keys": array_of(text),
            "product": text,
            "type": one_of("one_time", "recurring"),
        },
    ),
    Endpoint("GET", "/v1/prices/{id}", lambda call: call.books.find("prices", call.id)),
    Endpoint("POST", "/v1/prices/{id}", price_update, PRICE),
]
