"""Puts whole objects where a reply holds ids, as `expand[]` asks."""

from __future__ import annotations

from typing import Any

from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.errors import parameter_invalid
from integrations.stripe.sandbox.identifiers import collection_of, random_text

MAX_DEPTH = 4
# Left out of a reply unless they are asked for.
ON_REQUEST = {"confirmation_secret", "tiers", "refunds"}


def expand(books: Books, reply: Any, paths: list[str]) -> Any:
    """Raises ApiError for what cannot be expanded, or too deep."""
    for path in paths:
        names = path.split(".")
        if len(names) > MAX_DEPTH + (names[0] == "data"):
            raise parameter_invalid("expand", f"You cannot expand more than {MAX_DEPTH} levels.")
        reply = _expanded(books, reply, names, path)
    return reply


def _expanded(books: Books, value: Any, names: list[str], path: str) -> Any:
    if isinstance(value, list):
        return [_expanded(books, item, names, path) for item in value]
    if not names or value is None:
        return _object(books, value, path)
    if isinstance(value, str):
        value = _object(books, value, path)
    name, *rest = names
    if not isinstance(value, dict) or (name not in value and name not in ON_REQUEST):
        raise parameter_invalid("expand", f"This property cannot be expanded ({path}).")
    if name in ON_REQUEST:
        return {**value, name: _on_request(books, value, name)}
    return {**value, name: _expanded(books, value[name], rest, path)}


def _object(books: Books, value: Any, path: str) -> Any:
    if not isinstance(value, str):
        return value
    collection = collection_of(value)
    found = books.get(collection, value) if collection else None
    if found is None:
        raise parameter_invalid("expand", f"This property cannot be expanded ({path}).")
    return found


def _on_request(books: Books, owner: dict[str, Any], name: str) -> Any:
    if name == "confirmation_secret":
        return {"client_secret": f"pi_secret_{random_text(12)}", "type": "payment_intent"}
    if name == "refunds":
        rows = [r for r in books.all("refunds") if r["charge"] == owner["id"]]
        url = f"/v1/charges/{owner['id']}/refunds"
        return {"object": "list", "data": rows, "has_more": False, "url": url}
    return []
