"""Our values as plain JSON and as text, the way they leave the house; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any


class Unrenderable(ValueError):
    """A value that JSON cannot hold; `str()` names its type, never the value."""


def plain(value: Any) -> Any:
    """Raises Unrenderable. Money becomes a number; a time its ISO text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal | float):
        return _number(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    raise Unrenderable(f"a {type(value).__name__} cannot be sent as JSON.")


def text_of(value: Any) -> str:
    """A value inside a text; a list is joined by commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(text_of(one) for one in value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    made = plain(value)
    if isinstance(made, Mapping):
        raise Unrenderable("an object cannot stand inside a text.")
    return "" if made is None else str(made)


def _number(value: Decimal | float) -> int | float:
    """A whole amount without its decimals, as the other side would write it."""
    if not math.isfinite(value):
        raise Unrenderable("this is no finite number.")
    return int(value) if value == int(value) else float(value)
