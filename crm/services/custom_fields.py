"""Checks values of a workspace's own fields against their definitions."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError

from crm.choices import FieldKind
from crm.models import CustomField, Workspace
from crm.services.errors import InvalidRecord

Definitions = Mapping[str, CustomField]

MAX_TEXT = 2000
# As many as a whole number of the database has; 1e999999999 would take hours to write out.
MAX_DIGITS = 18


def custom_clean(
    workspace: Workspace,
    record_type: str,
    given: Any,
    *,
    present: Mapping[str, Any],
    definitions: Definitions | None = None,
) -> dict[str, Any]:
    """`present` with the given values written over it; an empty value removes its key.

    `definitions` when the caller has read them already. Raises InvalidRecord naming
    `custom.<key>`.
    """
    if not isinstance(given, Mapping):
        raise InvalidRecord({"custom": ["Give the custom fields as an object of key and value."]})
    if definitions is None:
        definitions = definitions_of(workspace, record_type)
    merged, errors = dict(present), {}
    for key, value in given.items():
        try:
            merged[key] = _clean(definitions.get(key), value)
        except ValidationError as error:
            errors[f"custom.{key}"] = error.messages
    if errors:
        raise InvalidRecord(errors)
    return {key: value for key, value in merged.items() if value is not None}


def custom_value(field: CustomField, value: Any) -> Any:
    """One value of a field as records keep it; raises ValidationError."""
    return _clean(field, value)


def custom_require(workspace: Workspace, record_type: str, custom: Mapping[str, Any]) -> None:
    """Raise InvalidRecord when a required custom field is empty."""
    required_check(definitions_of(workspace, record_type), custom)


def required_check(definitions: Definitions, custom: Mapping[str, Any]) -> None:
    """As custom_require, of definitions read already."""
    errors = {
        f"custom.{key}": [f"{field.label} is required."]
        for key, field in definitions.items()
        if field.is_required and key not in custom
    }
    if errors:
        raise InvalidRecord(errors)


def definitions_of(workspace: Workspace, record_type: str) -> dict[str, CustomField]:
    """The workspace's own fields of the record type, by key."""
    fields = CustomField.objects.filter(workspace=workspace, record_type=record_type)
    return {field.key: field for field in fields}


def _clean(field: CustomField | None, value: Any) -> Any:
    if field is None:
        raise ValidationError("There is no such custom field.")
    if value is None or value == "":
        if field.is_required:
            raise ValidationError(f"{field.label} is required.")
        return None
    return _CLEANERS[field.kind](field, value)


def _text(field: CustomField, value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple)):
        raise ValidationError(f"{field.label} must be text.")
    text = str(value)
    if len(text) > MAX_TEXT:
        raise ValidationError(f"{field.label} may have at most {MAX_TEXT} characters.")
    return text


def _number(field: CustomField, value: Any) -> int | float:
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValidationError(f"{field.label} must be a number.")
    if number.adjusted() >= MAX_DIGITS:
        raise ValidationError(f"{field.label} may have at most {MAX_DIGITS} digits.")
    return int(number) if number == number.to_integral_value() else float(number)


def _boolean(field: CustomField, value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    known = words.get(str(value).strip().lower())
    if known is None:
        raise ValidationError(f"{field.label} must be yes or no.")
    return known


def _date(field: CustomField, value: Any) -> str:
    if isinstance(value, datetime.datetime):
        value = value.date()
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValidationError(f"{field.label} must be a date such as 2026-01-31.") from None


def _choice(field: CustomField, value: Any) -> str:
    if value not in field.choices:
        raise ValidationError(f"{field.label} must be one of: {', '.join(field.choices)}.")
    return str(value)


_CLEANERS: dict[str, Callable[[CustomField, Any], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
}
