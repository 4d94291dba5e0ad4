"""Turns the values a door hands over into those a record stores, before anything is compared.

Text is stripped, e-mail lower-cased, phones written in E.164 with the raw text kept beside, and
every value converted by its field; what does not convert is refused by name.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models

from crm.models import Record, User, Workspace
from crm.rules.identity import email_normal, phone_e164
from crm.services.errors import InvalidRecord, WrongWorkspace

# Finds the row of a model in the workspace by what was given as its id; raises ValidationError.
LinkedById = Callable[[type[models.Model], Any, Workspace], models.Model]

FIXED_FIELDS = frozenset({"id", "workspace", "version", "created_at", "updated_at"})
CURRENCY_CODE = re.compile(r"[A-Z]{3}")
MAX_ENTRIES = 100
# What lies outside has no place in some time zone, so that a page there could not show it.
FIRST_YEAR, LAST_YEAR = 1900, 2999


def values_clean(
    model: type[Record],
    *,
    workspace: Workspace,
    values: Mapping[str, Any],
    linked_by_id: LinkedById | None = None,
) -> dict[str, Any]:
    """The values by field name, as Python objects; raises InvalidRecord and WrongWorkspace.

    `linked_by_id` finds linked rows when the caller has read them already.
    """
    find = linked_by_id or _linked_by_id
    cleaned: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, value in values.items():
        try:
            field, kind = _field_and_kind(model, name)
            if kind is models.ForeignKey:
                cleaned[field.name] = _link_clean(field, value, workspace, find)
            else:
                cleaned[field.name] = _CLEANERS[kind](field, value)
        except ValidationError as error:
            errors[name] = error.messages
    if errors:
        raise InvalidRecord(errors)
    return _phones_clean(model, workspace, cleaned)


def text_clean(text: str) -> str:
    """Text that PostgreSQL can store: without NUL and lone surrogates, stripped."""
    if text.isascii() and "\x00" not in text:
        return text.strip()
    return text.replace("\x00", "").encode("utf-8", "ignore").decode().strip()


def json_clean(value: Any) -> Any:
    """A JSON value whose texts PostgreSQL can store."""
    if isinstance(value, str):
        return text_clean(value)
    if isinstance(value, Mapping):
        return {text_clean(str(key)): json_clean(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_clean(inner) for inner in value]
    return value


@lru_cache(maxsize=2000)
def field_named(model: type[Record], name: str) -> models.Field[Any, Any] | None:
    """The field that can be written by this name, with or without a link's `_id`."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    if not isinstance(field, models.Field) or field.name in FIXED_FIELDS or field.many_to_many:
        return None
    return field


@lru_cache(maxsize=2000)
def _field_and_kind(model: type[Record], name: str) -> tuple[Any, type[models.Field[Any, Any]]]:
    """The field, and the one of KINDS by which its values are cleaned."""
    field = field_named(model, name)
    if field is None:
        raise ValidationError(f"“{name}” is not a field that can be written.")
    return field, next(kind for kind in KINDS if isinstance(field, kind))


def _other_clean(field: models.Field[Any, Any], value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip() or None
    try:
        value = field.to_python(value)
    except (TypeError, OverflowError) as error:
        raise ValidationError(f"This is no value for {field.verbose_name}.") from error
    if isinstance(value, datetime.datetime):
        _check_time(value)
    return value


def _check_time(value: datetime.datetime) -> None:
    if value.tzinfo is None:
        raise ValidationError("A time needs its time zone.")
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValidationError(f"A time lies in the years {FIRST_YEAR} to {LAST_YEAR}.")


def _text_field_clean(field: models.Field[Any, Any], value: Any) -> str | None:
    if value is None:
        return None if field.null else ""
    text = text_clean(value if type(value) is str else str(field.to_python(value)))
    if field.name == "currency":
        return _currency_clean(text)
    return email_normal(text) if isinstance(field, models.EmailField) else text


def _currency_clean(text: str) -> str:
    code = text.upper()
    if code and not CURRENCY_CODE.fullmatch(code):
        raise ValidationError("Give the three letters of a currency, such as USD.")
    return code


def _list_clean(field: ArrayField[Any, Any], value: Any) -> list[Any]:
    """Without blanks and repeats, in the order given."""
    if value is None:
        return []
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise ValidationError("Give a list.")
    entries = (_text_field_clean(field.base_field, entry) for entry in value)
    kept = list(dict.fromkeys(entry for entry in entries if entry))
    if len(kept) > MAX_ENTRIES:
        raise ValidationError(f"Give at most {MAX_ENTRIES}.")
    return kept


def _json_field_clean(field: models.Field[Any, Any], value: Any) -> Any:
    return json_clean(value)


_CLEANERS: Final[Mapping[type[models.Field[Any, Any]], Callable[[Any, Any], Any]]] = {
    ArrayField: _list_clean,
    models.JSONField: _json_field_clean,
    models.CharField: _text_field_clean,
    models.TextField: _text_field_clean,
    models.Field: _other_clean,
}
KINDS: Final[tuple[type[models.Field[Any, Any]], ...]] = (models.ForeignKey, *_CLEANERS)


def _link_clean(
    field: models.ForeignKey[Any, Any], value: Any, workspace: Workspace, find: LinkedById
) -> models.Model | None:
    """The linked row; a link to a person is checked for membership by the caller."""
    related: type[models.Model] = field.remote_field.model
    if value is None or value == "":
        return None
    linked = value if isinstance(value, related) else find(related, value, workspace)
    if isinstance(linked, Record) and linked.workspace_id != workspace.pk:
        raise WrongWorkspace(f"{linked} belongs to another workspace.")
    return linked


def _linked_by_id(related: type[models.Model], value: Any, workspace: Workspace) -> models.Model:
    rows = related._default_manager.filter(pk=related._meta.pk.to_python(value))
    if issubclass(related, Record):
        rows = rows.filter(workspace=workspace)
    linked = rows.first()
    if linked is None:
        raise no_such(related)
    return linked


def no_such(related: type[models.Model]) -> ValidationError:
    return ValidationError(f"There is no such {related._meta.verbose_name} in this workspace.")


def _phones_clean(
    model: type[Record], workspace: Workspace, values: dict[str, Any]
) -> dict[str, Any]:
    """E.164 where the text is a phone number, the text itself where not; `<field>_raw` keeps it."""
    for name in _phones_of(model).intersection(values):
        raw = values[name]
        number = phone_e164(raw, workspace.default_country) if raw else None
        values[f"{name}_raw"] = raw
        values[name] = number or raw
    return values


@lru_cache(maxsize=100)
def _phones_of(model: type[Record]) -> frozenset[str]:
    names = {field.name for field in model._meta.concrete_fields}
    return frozenset(name for name in names if f"{name}_raw" in names)


def user_links(values: Mapping[str, Any]) -> dict[str, User]:
    """Links to people who must be members; `actor` may be anybody, such as an operator."""
    return {
        name: value for name, value in values.items() if isinstance(value, User) and name != "actor"
    }
