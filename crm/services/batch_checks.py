"""What the rows of a batch are checked against: read once, then asked of each row in Python.

The checks are those of crm.services.records, in its order; only where their facts come from
differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models

from crm.models import Account, Contact, CustomField, Record, User, Workspace
from crm.services.accounts import account_values, account_values_of_new
from crm.services.cleaning import field_named, no_such, user_links, values_clean
from crm.services.custom_fields import custom_clean, definitions_of, required_check
from crm.services.errors import InvalidRecord
from crm.services.identity import contact_identity_require
from crm.services.ledger import CUSTOM, record_type
from crm.services.links import alive_require, members_of, members_require
from crm.services.origin import PEOPLE, Origin

Values = Mapping[str, Any]
MAX_ID: Final = 2**63 - 1


@dataclass(frozen=True)
class Rules:
    """An entity's own rules that need no database: how its values are prepared, what it refuses."""

    prepare_new: Callable[[Values], dict[str, Any]] = dict
    prepare: Callable[[Values], dict[str, Any]] = dict
    require: Callable[[Values, Collection[str]], None] = lambda values, written: None


RULES: Final[Mapping[type[Record], Rules]] = {
    Contact: Rules(require=contact_identity_require),
    Account: Rules(prepare_new=account_values_of_new, prepare=account_values),
}
# What saying who or what a linked row is needs.
NEEDED: Final[Mapping[type[models.Model], tuple[str, ...]]] = {
    Account: ("workspace_id", "name", "archived_at"),
    User: ("email", "name"),
}


@dataclass(frozen=True)
class Checks:
    """The facts of one batch."""

    model: type[Record]
    workspace: Workspace
    origin: Origin
    rules: Rules
    definitions: Mapping[str, CustomField]
    linked: Mapping[type[models.Model], Mapping[int, models.Model]]
    members: Collection[int]

    def clean(self, values: Values) -> dict[str, Any]:
        return values_clean(
            self.model, workspace=self.workspace, values=values, linked_by_id=self._linked_by_id
        )

    def custom(self, given: Any, present: Values) -> dict[str, Any]:
        """As crm.services.custom_fields.custom_clean."""
        return custom_clean(
            self.workspace,
            record_type(self.model),
            given,
            present=present,
            definitions=self.definitions,
        )

    def require_custom(self, custom: Values) -> None:
        if self.origin.kind in PEOPLE:
            required_check(self.definitions, custom)

    def validate(self, values: dict[str, Any], written: Collection[str]) -> None:
        """Convert and validate the written fields in place; raises InvalidRecord."""
        errors: dict[str, list[str]] = {}
        for name in written:
            field, limit = _field_and_limit(self.model, name)
            value = values[name]
            if limit and value and len(value) <= limit:
                continue
            if field.remote_field or (field.blank and value in field.empty_values):
                continue
            try:
                values[name] = field.clean(value, None)
            except ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise InvalidRecord(errors)

    def require_links(self, values: Values) -> None:
        """The linked people are members and, where a person links, the linked records alive."""
        members_require(user_links(values), self.members)
        alive_require(values, self.origin)

    def _linked_by_id(
        self, related: type[models.Model], value: Any, workspace: Workspace
    ) -> models.Model:
        linked = self.linked[related].get(related._meta.pk.to_python(value))
        if linked is None:
            raise no_such(related)
        return linked


def checks_of(
    model: type[Record], *, workspace: Workspace, rows: Iterable[Values], origin: Origin
) -> Checks:
    """Read what the rows are checked against: a fixed number of queries."""
    rows = list(rows)
    given = _given_links(model, rows)
    linked = {related: _rows_of(related, workspace, given[related]) for related in given}
    people = linked.get(User, {})
    has_own = origin.kind in PEOPLE or any(CUSTOM in row for row in rows)
    return Checks(
        model=model,
        workspace=workspace,
        origin=origin,
        rules=RULES[model],
        definitions=definitions_of(workspace, record_type(model)) if has_own else {},
        linked=linked,
        members=members_of(workspace.pk, people) if people else (),
    )


@lru_cache(maxsize=1000)
def _field_and_limit(model: type[Record], name: str) -> tuple[models.Field[Any, Any], int]:
    """The field, and how long its text may be if that is all it asks of clean text, else 0."""
    field = field_named(model, name)
    assert field is not None
    is_plain = type(field) is models.CharField and not field.choices
    limits = [one.limit_value for one in field.validators if type(one) is MaxLengthValidator]
    return field, limits[0] if is_plain and len(field.validators) == len(limits) == 1 else 0


@lru_cache(maxsize=100)
def blank_errors(model: type[Record]) -> Mapping[str, list[str]]:
    """What a record with nothing given is refused for, by field."""
    errors = {}
    for field in model._meta.concrete_fields:
        known = field_named(model, field.name)
        value = None if known is None else known.get_default()
        if known is None or known.remote_field or (known.blank and value in known.empty_values):
            continue
        try:
            known.clean(value, None)
        except ValidationError as error:
            errors[known.name] = error.messages
    return errors


def _given_links(model: type[Record], rows: Iterable[Values]) -> dict[type[models.Model], set[int]]:
    """The ids given, by model, of every link that the rows name."""
    links = {
        name: field.remote_field.model
        for name in {name for row in rows for name in row}
        if isinstance(field := field_named(model, name), models.ForeignKey)
    }
    given: dict[type[models.Model], set[int]] = defaultdict(set)
    for name, related in links.items():
        given[related].update(ids_given(related, (row.get(name) for row in rows)))
    return given


def ids_given(related: type[models.Model], values: Iterable[Any]) -> set[int]:
    """The ids among what was given for a link; what is none is refused when its row is cleaned."""
    found = set()
    for value in values:
        if value is None or value == "":
            continue
        try:
            pk = value.pk if isinstance(value, related) else related._meta.pk.to_python(value)
        except ValidationError:
            continue
        if isinstance(pk, int) and abs(pk) <= MAX_ID:
            found.add(pk)
    return found


def _rows_of(
    related: type[models.Model], workspace: Workspace, ids: Collection[int]
) -> dict[int, models.Model]:
    rows = related._default_manager.filter(pk__in=ids)
    if issubclass(related, Record):
        rows = rows.filter(workspace=workspace)
    if related in NEEDED:
        rows = rows.only(*NEEDED[related])
    return {row.pk: row for row in rows}
