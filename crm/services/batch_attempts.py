"""One row of a batch, tried; the fields it was refused for are named as the caller named them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS

from crm.models import Record
from crm.services.cleaning import field_named
from crm.services.errors import InvalidRecord, ServiceError
from crm.services.ledger import CUSTOM, CUSTOM_PREFIX

T = TypeVar("T")
Values = Mapping[str, Any]
Errors = dict[str, list[str]]

# What is written along with a field, and so is refused because of it.
FOLLOWS = {"phone_raw": "phone", "mobile_raw": "mobile", "domain": "website"}


@dataclass(frozen=True)
class BatchResult:
    """What became of one row; `record_id` is None when it was refused.

    `stored` has what the record now shows in the given fields, by the names given and as the
    ledger keeps values. `errors` are by field; a stored row has some only when bad fields were
    to be dropped.
    """

    record_id: int | None
    stored: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    is_changed: bool = False


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """What the row made, None when it was refused, and why it or fields of it were."""

    made: T | None
    errors: Errors


def attempted(
    make: Callable[[Values], T], model: type[Record], values: Values, *, drop_bad_fields: bool
) -> Attempt[T]:
    """Try `make`; again without the fields it refuses, as long as there are any to leave out."""
    errors: Errors = {}
    while True:
        try:
            return Attempt(make(values), errors)
        except ServiceError as error:
            found = _named_as_given(_errors_of(error), model, values)
        errors |= found
        kept = _without(values, found) if drop_bad_fields else values
        if kept == values:
            return Attempt(None, errors)
        values = kept


def refused(errors: Errors) -> BatchResult:
    return BatchResult(None, errors=errors)


def missing(model: type[Record]) -> BatchResult:
    said = f"There is no such {model._meta.verbose_name} in this workspace."
    return refused({NON_FIELD_ERRORS: [said]})


def _errors_of(error: ServiceError) -> Mapping[str, list[str]]:
    return error.errors if isinstance(error, InvalidRecord) else {NON_FIELD_ERRORS: [str(error)]}


def _named_as_given(errors: Mapping[str, list[str]], model: type[Record], values: Values) -> Errors:
    named: Errors = {}
    for name, said in errors.items():
        given = _given_name(name, model, values)
        named[given] = [*named.get(given, []), *said]
    return named


def _given_name(name: str, model: type[Record], values: Values) -> str:
    """`account_id` when the account was given so, and a number for its raw text."""
    if name in values or name.startswith(CUSTOM_PREFIX):
        return name
    for given in values:
        known = field_named(model, given)
        if known is not None and known.name == name:
            return given
    leader = FOLLOWS.get(name, "")
    return leader if leader in values else name


def _without(values: Values, errors: Errors) -> Values:
    kept = {name: value for name, value in values.items() if name not in errors}
    own = kept.get(CUSTOM)
    if isinstance(own, Mapping):
        good = {key: value for key, value in own.items() if CUSTOM_PREFIX + key not in errors}
        kept[CUSTOM] = own if len(good) == len(own) else good
    return kept
