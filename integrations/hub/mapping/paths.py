"""Reads and writes values by path: `first_name`, `custom.industry` and `account.name` of ours,
`location.city` of a vendor's body."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from crm.models import Record, User, Workspace
from crm.services.cleaning import FIXED_FIELDS
from crm.services.ledger import CUSTOM, CUSTOM_PREFIX, json_value, stored_value

SEPARATOR: Final = "."
# All that a colleague has told to be known by; a user also holds a password and rights.
OF_A_PERSON: Final = ("name", "email")
MOST_PATHS: Final = 2000


class InvalidPath(ValueError):
    """A path that leads nowhere; the message is for a person."""


def path_check(model: type[Record], path: str, *, is_written: bool) -> None:
    """Raises InvalidPath unless the path may be read and, if `is_written`, written."""
    if path.startswith(CUSTOM_PREFIX):
        if not path.removeprefix(CUSTOM_PREFIX):
            raise InvalidPath("Name the field after `custom.`.")
        _field(model, CUSTOM)
        return
    name, _, rest = path.partition(SEPARATOR)
    field = _field(model, name)
    if rest:
        _related_check(field, name, rest)
        if is_written:
            raise InvalidPath(f"{path} belongs to another record; it can be sent, not taken over.")
    elif is_written and name in FIXED_FIELDS:
        raise InvalidPath(f"{name} is written by the CRM itself.")
    elif field.related_model is Workspace:
        raise InvalidPath("Nothing of the workspace itself may be sent.")


@lru_cache(maxsize=MOST_PATHS)
def is_readable(model: type[Record], path: str) -> bool:
    """Whether the path may be read at all; a row that was stored earlier may name one that not."""
    try:
        path_check(model, path, is_written=False)
    except InvalidPath:
        return False
    return True


def ours_read(record: Record, path: str) -> Any:
    """The value as the ledger keeps it; None where a link on the way is empty.

    What may not be read is nothing, whoever asks: a path is what an admin of a workspace typed.
    """
    if not is_readable(type(record), path):
        return None
    if path.startswith(CUSTOM_PREFIX):
        custom: Mapping[str, Any] = getattr(record, CUSTOM)
        return custom.get(path.removeprefix(CUSTOM_PREFIX))
    name, _, rest = path.partition(SEPARATOR)
    if not rest:
        return stored_value(record, name)
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


def _related_check(field: Any, name: str, rest: str) -> None:
    """Of a linked record its own fields are open, of a person the name and the address."""
    related: type[models.Model] | None = field.related_model
    if related is None or field.name != name:
        raise InvalidPath(f"{name} leads to no other record.")
    if issubclass(related, User):
        if rest not in OF_A_PERSON:
            raise InvalidPath(f"Of a person only {' and '.join(OF_A_PERSON)} may be sent.")
    elif not issubclass(related, Record):
        raise InvalidPath(f"Nothing of the {related._meta.verbose_name} itself may be sent.")
    elif _field(related, rest).related_model is Workspace:
        raise InvalidPath("Nothing of the workspace itself may be sent.")


def _field(model: type[models.Model], name: str) -> Any:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        raise InvalidPath(f"{model._meta.verbose_name} has no field {name!r}.") from None
    if not getattr(field, "concrete", False):
        raise InvalidPath(f"{name} of {model._meta.verbose_name} holds no value of its own.")
    return field
