"""What a set-based writer knows of a table's columns: how values are stored and told.

Values come clean (see crm.services.cleaning); only their form is changed here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

from crm.models import Record
from crm.services import ledger
from crm.services.cleaning import FIXED_FIELDS
from crm.services.errors import InvalidRecord

quoted: Callable[[str], str] = json.encoder.encode_basestring


@dataclass(frozen=True)
class Column:
    """One column: `link` is the model it points to; an optional one has null or a default."""

    name: str
    attname: str
    sql_type: str
    link: type[models.Model] | None
    is_json: bool
    is_optional: bool
    default: Callable[[], Any]

    def stored(self, value: Any) -> Any:
        """The value as COPY takes it."""
        if value is None or type(value) is str:
            return value
        if self.is_json:
            return json.dumps(value)
        if isinstance(value, models.Model):
            return value.pk
        # A member of TextChoices would be adapted as an enumeration.
        return str(value) if isinstance(value, str) else value

    def told(self, value: Any) -> str:
        """The value in JSON, as the ledger keeps it."""
        return quoted(value) if type(value) is str else json.dumps(ledger.json_value(value))


@lru_cache(maxsize=100)
def columns_of(model: type[Record]) -> Mapping[str, Column]:
    """The columns that may be written, by field name."""
    fields = model._meta.concrete_fields
    return {field.name: _column(field) for field in fields if field.name not in FIXED_FIELDS}


def columns_named(model: type[Record], names: Iterable[str]) -> dict[str, Column]:
    """By the names given, each a field's name or its `<link>_id`; raises InvalidRecord."""
    known = columns_of(model)
    by_attname = {column.attname: column for column in known.values()}
    found = {name: known.get(name) or by_attname.get(name) for name in names}
    unknown = [name for name, column in found.items() if column is None]
    if unknown:
        raise InvalidRecord(
            {name: ["This is not a field that can be written."] for name in unknown}
        )
    named = {name: column for name, column in found.items() if column is not None}
    if len({column.name for column in named.values()}) != len(named):
        raise InvalidRecord({"__all__": ["A field is named twice, with and without its _id."]})
    return named


def _column(field: models.Field[Any, Any]) -> Column:
    link = field.remote_field.model if isinstance(field, models.ForeignKey) else None
    return Column(
        name=field.name,
        attname=field.attname,
        sql_type=_sql_type(field),
        link=link,
        is_json=isinstance(field, models.JSONField),
        is_optional=field.null or field.db_default is not NOT_PROVIDED,
        default=field.get_default,
    )


def _sql_type(field: models.Field[Any, Any]) -> str:
    kind = field.rel_db_type(connection) if field.remote_field else field.db_type(connection)
    return str(kind)
