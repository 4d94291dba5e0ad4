"""Reads and writes values by path: `first_name`, `custom.industry` and `account.name` of ours,
`location.city` of a vendor's body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from crm.models import Record
from crm.services.cleaning import FIXED_FIELDS
from crm.services.ledger import CUSTOM, CUSTOM_PREFIX, json_value

SEPARATOR: Final = "."


class InvalidPath(ValueError):
    """A path that leads nowhere; the message is for a person."""


def path_check(model: type[Record], path: str, *, is_written: bool) -> None:
    """Raises InvalidPath unless the path can be read and, if `is_written`, written."""
    if path.startswith(CUSTOM_PREFIX):
        if not path.removeprefix(CUSTOM_PREFIX):
            raise InvalidPath("Name the field after `custom.`.")
        _field(model, CUSTOM)
        return
    name, _, rest = path.partition(SEPARATOR)
    field = _field(model, name)
    if rest:
        related = field.related_model
        if not isinstance(related, type) or not issubclass(related, models.Model):
            raise InvalidPath(f"{name} leads to no other record.")
        _field(related, rest)
        if is_written:
            raise InvalidPath(f"{path} belongs to another record; it can be sent, not taken over.")
    elif is_written and name in FIXED_FIELDS:
        raise InvalidPath(f"{name} is written by the CRM itself.")


def ours_read(record: Record, path: str) -> Any:
    """The value as the ledger keeps it; None where a link on the way is empty."""
    if path.startswith(CUSTOM_PREFIX):
        custom: Mapping[str, Any] = getattr(record, CUSTOM)
        return custom.get(path.removeprefix(CUSTOM_PREFIX))
    name, _, rest = path.partition(SEPARATOR)
    if not rest:
        field = record._meta.get_field(name)
        return json_value(getattr(record, getattr(field, "attname", name)))
    related = getattr(record, name)
    return None if related is None else json_value(getattr(related, rest))


def ours_written(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by path as a service takes them: own fields together under `custom`."""
    written: dict[str, Any] = {}
    for path, value in values.items():
        if path.startswith(CUSTOM_PREFIX):
            written.setdefault(CUSTOM, {})[path.removeprefix(CUSTOM_PREFIX)] = value
        else:
            written[path] = value
    return written


def theirs_read(body: Mapping[str, Any], path: str) -> Any:
    """The value in a vendor's body; a name that holds dots itself is looked for first."""
    if path in body:
        return body[path]
    found: Any = body
    for name in path.split(SEPARATOR):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def theirs_written(values: Mapping[str, Any], *, is_nested: bool) -> dict[str, Any]:
    """The body that says these values by path."""
    if not is_nested:
        return dict(values)
    body: dict[str, Any] = {}
    for path, value in values.items():
        *way, last = path.split(SEPARATOR)
        inner = body
        for name in way:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return body


def _field(model: type[models.Model], name: str) -> Any:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        raise InvalidPath(f"{model._meta.verbose_name} has no field {name!r}.") from None
    if not getattr(field, "concrete", False):
        raise InvalidPath(f"{name} of {model._meta.verbose_name} holds no value of its own.")
    return field
