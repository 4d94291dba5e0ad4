"""The fields a workspace added itself, as targets of columns, and how their cells become values."""

from __future__ import annotations

import re
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from crm.choices import FieldKind
from crm.models import CustomField, Workspace
from crm.services.custom_fields import custom_value
from imports.dates import AmbiguousDate, moment_parse
from imports.errors import BadValue
from imports.fields import ACCOUNT_PREFIX, CUSTOM_PREFIX, Field, Kind
from imports.words import NO, YES

PREFIXES: Final = {"contact": CUSTOM_PREFIX, "account": f"{ACCOUNT_PREFIX}{CUSTOM_PREFIX}"}
GROUPED: Final = re.compile(r"[+-]?\d{1,3}(?:[, '\u00a0\u202f]\d{3})+(?:\.\d+)?")
DECIMAL_COMMA: Final = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d+|[+-]?\d+,\d+")
SEPARATORS: Final = re.compile(r"[, '\u00a0\u202f]")


def custom_fields_of(workspace: Workspace) -> tuple[Field, ...]:
    """In the workspace's order, those of contacts first."""
    definitions = CustomField.objects.filter(workspace=workspace, record_type__in=PREFIXES)
    return tuple(
        Field(f"{PREFIXES[one.record_type]}{one.key}", one.label, Kind.CUSTOM, (), definition=one)
        for one in definitions.order_by("-record_type", "order", "id")
    )


def custom_cell(text: str, *, definition: CustomField, order: str, time_zone: str) -> Any:
    """The value as the record keeps it; a text that is none costs the value, not the row."""
    try:
        if definition.kind == FieldKind.DATE:
            moment = moment_parse(text, order, time_zone).astimezone(ZoneInfo(time_zone))
            return custom_value(definition, moment.date())
        return custom_value(definition, _PLAIN[FieldKind(definition.kind)](definition, text))
    except AmbiguousDate:
        said = f"“{text[:40]}” may be day first or month first. Choose the order of dates."
        raise BadValue("ambiguous_date", said) from None
    except ValidationError as error:
        raise BadValue("invalid_custom", " ".join(error.messages)[:250], is_mild=True) from None
    except (ValueError, OverflowError):
        said = f"{definition.label} must be a date."
        raise BadValue("invalid_custom", said, is_mild=True) from None


def _number(definition: CustomField, text: str) -> str:
    """`1,234.50`, `1 234.50`, `1.234,50` and `12,5` as the database writes them."""
    if GROUPED.fullmatch(text):
        return SEPARATORS.sub("", text)
    if DECIMAL_COMMA.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    return text


def _boolean(definition: CustomField, text: str) -> str | bool:
    word = text.lower()
    return word in YES if word in YES or word in NO else text


def _choice(definition: CustomField, text: str) -> str:
    """Letters may differ in case."""
    known = {str(choice).lower(): str(choice) for choice in definition.choices}
    return known.get(text.lower(), text)


def _text(definition: CustomField, text: str) -> str:
    return text


_PLAIN: Final = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.CHOICE: _choice,
}
