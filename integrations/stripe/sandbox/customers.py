"""Customers: create, read, change, delete, list, search."""

from __future__ import annotations

import re
from typing import Any

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox import shapes
from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.call import Call, Endpoint
from integrations.stripe.sandbox.cards import card_attach
from integrations.stripe.sandbox.errors import no_such, parameter_invalid
from integrations.stripe.sandbox.lists import LISTING, list_page
from integrations.stripe.sandbox.parameters import (
    Parameters,
    Required,
    array_of,
    hash_of,
    integer,
    metadata,
    text,
)
from integrations.stripe.sandbox.searching import search_page
from integrations.stripe.sandbox.shapes import catalog

ADDRESS: Parameters = dict.fromkeys(catalog.NO_ADDRESS, text)


def email(value: Any, name: str) -> str | None:
    found = text(value, name)
    if found and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", found):
        raise parameter_invalid(name, f"Invalid email address: {found}", "email_invalid")
    return found


FIELDS: Parameters = {
    "address": hash_of(ADDRESS),
    "description": text,
    "email": email,
    "invoice_settings": hash_of({"default_payment_method": text}),
    "metadata": metadata,
    "name": text,
    "phone": text,
    "preferred_locales": array_of(text),
}


def create(call: Call) -> Json:
    row = catalog.customer(call.books.now, call.params)
    changes = _changes(call.books, row, call.params)
    call.books.save("customers", {**row, **changes})
    call.books.emit("customer.created", {**row, **changes})
    return {**row, **changes}


def retrieve(call: Call) -> Json:
    return call.books.find("customers", call.id)


def update(call: Call) -> Json:
    before = _living(call)
    return call.books.update(
        "customers", before, _changes(call.books, before, call.params), "customer.updated"
    )


def delete(call: Call) -> Json:
    row = _living(call)
    gone = {**shapes.deleted("customer", row["id"]), "created": row["created"]}
    call.books.save("customers", gone)
    call.books.emit("customer.deleted", row)
    return gone


def listing(call: Call) -> Json:
    email = call.params.get("email")
    return list_page(
        call.books, "customers", call.params, lambda row: email in (None, row.get("email"))
    )


def search(call: Call) -> Json:
    return search_page(call.books, "customers", call.params)


def _living(call: Call) -> Json:
    row = call.books.find("customers", call.id)
    if row.get("deleted"):
        raise no_such("customer", call.id)
    return row


def _changes(books: Books, row: Json, given: dict[str, Any]) -> Json:
    names = ("description", "email", "name", "phone", "preferred_locales")
    changes: Json = {name: given[name] for name in names if name in given}
    if "metadata" in given:
        changes["metadata"] = merged_metadata(row["metadata"], given["metadata"])
    if "address" in given:
        changes["address"] = catalog.address(given["address"])
    wanted = given.get("payment_method")
    settings = given.get("invoice_settings") or {}
    default = settings.get("default_payment_method")
    card = default or wanted
    if card:
        attached = card_attach(books, card, row["id"])
        if default:
            changes["invoice_settings"] = {
                **row["invoice_settings"],
                "default_payment_method": attached["id"],
            }
    return changes


def merged_metadata(before: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """Keys are merged; an empty value takes its key away, an empty hash all of them."""
    if not given:
        return {}
    return {name: value for name, value in {**before, **given}.items() if value}


ENDPOINTS = [
    Endpoint("POST", "/v1/customers", create, {**FIELDS, "payment_method": text}),
    Endpoint("GET", "/v1/customers", listing, {**LISTING, "email": text}),
    Endpoint(
        "GET",
        "/v1/customers/search",
        search,
        {"query": Required(text), "limit": integer, "page": text},
    ),
    Endpoint("GET", "/v1/customers/{id}", retrieve),
    Endpoint("POST", "/v1/customers/{id}", update, FIELDS),
    Endpoint("DELETE", "/v1/customers/{id}", delete),
]
