"""Builds the objects as Stripe shapes them in the version the fake speaks."""

from __future__ import annotations

from typing import Any

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.identifiers import new_id


def head(prefix: str, kind: str, now: int) -> Json:
    return {"id": new_id(prefix), "object": kind, "created": now, "livemode": False}


def deleted(kind: str, identifier: str) -> Json:
    return {"id": identifier, "object": kind, "deleted": True}


def public(value: Any) -> Any:
    """Without the fake's own fields."""
    if isinstance(value, list):
        return [public(item) for item in value]
    if isinstance(value, dict):
        return {name: public(item) for name, item in value.items() if not name.startswith("_")}
    return value
