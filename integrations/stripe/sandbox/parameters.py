"""Checks what a request gives against what an endpoint takes; nothing unknown passes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.stripe.sandbox.errors import (
    parameter_invalid,
    parameter_missing,
    parameter_unknown,
)

Checker = Callable[[Any, str], Any]
WHOLE = re.compile(r"-?\d{1,18}")
MAX_TEXT = 5000


@dataclass(frozen=True)
class Required:
    """A parameter that may not be left out."""

    check: Checker


Parameters = Mapping[str, Checker | Required]


def check(parameters: Parameters, given: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """The given values with their types. Raises ApiError as Stripe does."""
    for name in given:
        if name not in parameters:
            raise parameter_unknown(_inside(where, name))
    checked = {}
    for name, parameter in parameters.items():
        full = _inside(where, name)
        if name not in given:
            if isinstance(parameter, Required):
                raise parameter_missing(full)
            continue
        checker = parameter.check if isinstance(parameter, Required) else parameter
        checked[name] = checker(given[name], full)
        if isinstance(parameter, Required) and checked[name] is None:
            raise parameter_invalid(
                full, f"You passed an empty string for '{full}'.", "parameter_invalid_empty"
            )
    return checked


def _inside(where: str, name: str) -> str:
    return f"{where}[{name}]" if where else name


# --- Checkers -----------------------------------------------------------------------------------


def text(value: Any, name: str) -> str | None:
    """An empty string clears the value."""
    if not isinstance(value, str):
        raise parameter_invalid(name, f"Invalid string: {value}")
    if len(value) > MAX_TEXT:
        raise parameter_invalid(name, f"Invalid string: {name} is longer than {MAX_TEXT}.")
    return value or None


def integer(value: Any, name: str) -> int:
    if not isinstance(value, str) or not WHOLE.fullmatch(value):
        raise parameter_invalid(name, f"Invalid integer: {value}", "parameter_invalid_integer")
    return int(value)


def decimal(value: Any, name: str) -> Decimal:
    """At most 12 decimals, as prices have."""
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError) as error:
        raise parameter_invalid(name, f"Invalid decimal: {value}") from error
    exponent = number.as_tuple().exponent
    if not number.is_finite() or not isinstance(exponent, int) or exponent < -12:
        raise parameter_invalid(name, f"Invalid decimal: {value}")
    return number


def boolean(value: Any, name: str) -> bool:
    if value not in ("true", "false"):
        raise parameter_invalid(name, f"Invalid boolean: {value}")
    return bool(value == "true")


def one_of(*words: str) -> Checker:
    def checked(value: Any, name: str) -> str:
        if value not in words:
            raise parameter_invalid(name, f"Invalid {name}: must be one of {', '.join(words)}")
        return str(value)

    return checked


def metadata(value: Any, name: str) -> dict[str, str]:
    """At most 50 keys; an empty value takes a key away."""
    if value == "":
        return {}
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise parameter_invalid(name, "Invalid metadata: must be a flat hash")
    if len(value) > 50 or any(len(k) > 40 or len(v) > 500 for k, v in value.items()):
        raise parameter_invalid(name, "Metadata: at most 50 keys of 40, values of 500 characters")
    return dict(value)


def hash_of(parameters: Parameters) -> Checker:
    def checked(value: Any, name: str) -> dict[str, Any] | None:
        if value == "":
            return None
        if not isinstance(value, dict):
            raise parameter_invalid(name, f"Invalid object: {name}")
        return check(parameters, value, name)

    return checked


def array_of(checker: Checker) -> Checker:
    def checked(value: Any, name: str) -> list[Any]:
        if value == "":
            return []
        if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
            raise parameter_invalid(name, f"Invalid array: {name}")
        ordered = sorted(value, key=int)
        return [checker(value[key], f"{name}[{key}]") for key in ordered]

    return checked


def time_range(value: Any, name: str) -> dict[str, int]:
    """`created[gte]=1` or the exact `created=1`, as bounds."""
    if isinstance(value, str):
        return {"gte": integer(value, name), "lte": integer(value, name)}
    bounds = dict.fromkeys(("gt", "gte", "lt", "lte"), integer)
    if not isinstance(value, dict):
        raise parameter_invalid(name, f"Invalid object: {name}")
    return check(bounds, value, name)
