"""Replies in Stripe's shape."""

from __future__ import annotations

from collections.abc import Callable

from integrations.hub.sandbox.fake import VendorResponse, json_response
from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox import shapes
from integrations.stripe.sandbox.call import Call
from integrations.stripe.sandbox.errors import ApiError
from integrations.stripe.sandbox.lists import list_page


def error_response(error: ApiError) -> VendorResponse:
    return json_response(error.status, {"error": shapes.public(error.content)}, error.headers)


def found(collection: str) -> Callable[[Call], Json]:
    """The endpoint that reads one object."""
    return lambda call: call.books.find(collection, call.id)


def listed(collection: str, *filters: str) -> Callable[[Call], Json]:
    """The endpoint that lists objects, filtered by equal values."""

    def run(call: Call) -> Json:
        exact = {name: call.params[name] for name in filters if name in call.params}
        return list_page(
            call.books,
            collection,
            call.params,
            lambda row: all(row.get(name) == value for name, value in exact.items()),
        )

    return run
