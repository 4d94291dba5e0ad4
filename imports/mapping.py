"""Applies a mapping to rows: columns become the values of a contact and of its company."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from crm.rules.identity import domain_normal
from imports.choices import ProblemKind
from imports.errors import BadValue, ImportStopped
from imports.fields import CUSTOM_PREFIX, Field, Kind, field_of
from imports.formats import Row
from imports.transforms import (
    FORMULA_MARKS,
    TEXT_CHANGES,
    Cleaner,
    Surroundings,
    cleaner_for,
)

PLAIN_KINDS: Final = frozenset({Kind.TEXT, Kind.NAME, Kind.TAGS})
LIST_KINDS: Final = frozenset({Kind.TAGS, Kind.EMAILS})
IDENTITY: Final = ("first_name", "last_name", "email", "phone", "mobile", "linkedin_url")


class Problem(NamedTuple):
    """Something about one row that the person should know."""

    kind: ProblemKind
    row: int
    line: int
    column: str
    cause: str
    message: str
    cells: Sequence[str] = ()
    match: int = 0


@dataclass(slots=True)
class Incoming:
    """One row with its meaning; a row with an error is not written."""

    number: int
    line: int
    cells: Sequence[str]
    contact: dict[str, Any]
    account: dict[str, Any]
    error: Problem | None
    notices: list[Problem]


class _Column(NamedTuple):
    at: int
    name: str
    is_account: bool
    is_list: bool
    is_plain: bool
    is_required: bool
    change: Callable[[str], str] | None
    clean: Cleaner
    header: str


class RowMapper:
    """Maps row after row; compiled once from the mapping of a job.

    Raises ImportStopped when a field of the mapping is gone, since its column would else be lost.
    """

    def __init__(
        self, mapping: Sequence[dict[str, Any]], *, import_object: str, around: Surroundings
    ) -> None:
        self._width = len(mapping)
        mapped = [entry for entry in mapping if entry["field"]]
        self._columns = [
            _compiled(entry, _field_of(import_object, entry, around), around) for entry in mapped
        ]
        self._has_custom = any(column.name.startswith(CUSTOM_PREFIX) for column in self._columns)

    def map(self, row: Row) -> Incoming:
        incoming = Incoming(row.number, row.line, row.cells, {}, {}, None, [])
        if row.problem is not None:
            incoming.error = _problem(incoming, "", *row.problem)
        elif len(row.cells) > self._width and any(row.cells[self._width :]):
            said = f"The row has {len(row.cells)} cells; the file has {self._width} columns."
            incoming.error = _problem(incoming, "", "too_many_cells", said)
        else:
            self._fill(incoming)
            if self._has_custom:
                _gather_custom(incoming.contact)
                _gather_custom(incoming.account)
            _finish(incoming)
        return incoming

    def _fill(self, incoming: Incoming) -> None:
        cells, width = incoming.cells, len(incoming.cells)
        contact, account = incoming.contact, incoming.account
        for column in self._columns:
            at, name, is_account, is_list, is_plain, is_required, change, clean = column[:8]
            text = cells[at].strip() if at < width else ""
            if text[:1] == "'" and text[1:2] in FORMULA_MARKS:
                text = text[1:]  # the escape of spreadsheets, and of our own downloads
            if not text:
                if is_required:
                    said = f"“{column.header}” is required and empty."
                    _set_error(incoming, column, "required", said)
                continue
            if is_plain and text[0] in FORMULA_MARKS and len(text) > 1:
                _notice_formula(incoming, column)
            try:
                value = clean(change(text) if change else text)
            except BadValue as bad:
                _set_bad(incoming, column, bad)
                continue
            target = account if is_account else contact
            target[name] = [*target.get(name, ()), *value] if is_list else value


def _field_of(import_object: str, entry: Mapping[str, Any], around: Surroundings) -> Field:
    field = field_of(import_object, entry["field"], around.custom)
    if field is None:
        raise ImportStopped(
            f"The field that column “{entry['header']}” was mapped to is gone. Nothing of the rows "
            "from here on was imported: upload the file again and map the column anew."
        )
    return field


def _compiled(entry: dict[str, Any], field: Field, around: Surroundings) -> _Column:
    return _Column(
        at=int(entry["index"]),
        name=field.name,
        is_account=field.record == "account",
        is_list=field.kind in LIST_KINDS,
        is_plain=field.kind in PLAIN_KINDS,
        is_required=bool(entry.get("required")),
        change=TEXT_CHANGES.get(str(entry.get("transform") or "")),
        clean=cleaner_for(field, around),
        header=str(entry["header"]),
    )


def _gather_custom(values: dict[str, Any]) -> None:
    """Values of a workspace's own fields stand together, as the record keeps them."""
    names = [name for name in values if name.startswith(CUSTOM_PREFIX)]
    if names:
        values["custom"] = {name.removeprefix(CUSTOM_PREFIX): values.pop(name) for name in names}


def _finish(incoming: Incoming) -> None:
    """Fields that are made of others."""
    contact, account = incoming.contact, incoming.account
    full_name = contact.pop("full_name", "")
    if full_name and not (contact.get("first_name") or contact.get("last_name")):
        contact["first_name"], contact["last_name"] = name_split(full_name)
    if "owner" in contact:
        contact["owner_id"] = contact.pop("owner")
    if contact.pop("email_opt_out", None):
        contact["email_opt_in"] = False
    for values in (contact, account):
        for name in ("phone", "mobile"):
            if name in values:
                values[name], values[f"{name}_raw"] = values[name]
    if account:
        _finish_company(incoming)
    if "other_emails" in contact:
        others = dict.fromkeys(contact["other_emails"])
        others.pop(contact.get("email", ""), None)
        contact["other_emails"] = list(others)
    if incoming.error is None and not any(contact.get(name) for name in IDENTITY):
        said = "Nothing names the person: no name, e-mail, phone or LinkedIn address."
        incoming.error = _problem(incoming, "", "no_identity", said)


def _finish_company(incoming: Incoming) -> None:
    """A company's domain and name follow from each other; with neither there is no company."""
    account = incoming.account
    if account.get("website") and not account.get("domain"):
        account["domain"] = domain_normal(account["website"])
    if account.get("domain") and not account.get("name"):
        account["name"] = account["domain"][:200]
    if not account.get("name"):
        said = "The row names no company, so its company columns were left out."
        incoming.notices.append(_problem(incoming, "", "no_company", said, kind=ProblemKind.NOTICE))


def name_split(full_name: str) -> tuple[str, str]:
    """`Ada Lovelace` and `Lovelace, Ada` are the same person; one word is a first name."""
    if "," in full_name:
        last, _, first = full_name.partition(",")
        return first.strip()[:100], last.strip()[:100]
    first, _, last = full_name.rpartition(" ")
    return (first or last).strip()[:100], (last if first else "").strip()[:100]


def _set_bad(incoming: Incoming, column: _Column, bad: BadValue) -> None:
    if bad.is_mild and not column.is_required:
        said = f"{bad} The value was left out."
        incoming.notices.append(
            _problem(incoming, column.header, bad.cause, said, kind=ProblemKind.NOTICE)
        )
    else:
        _set_error(incoming, column, bad.cause, str(bad))


def _set_error(incoming: Incoming, column: _Column, cause: str, said: str) -> None:
    """The first error of a row is the one to mend first."""
    if incoming.error is None:
        incoming.error = _problem(incoming, column.header, cause, said)


def _notice_formula(incoming: Incoming, column: _Column) -> None:
    said = "The cell looks like a formula. It was taken as plain text and is never calculated."
    incoming.notices.append(
        _problem(incoming, column.header, "formula", said, kind=ProblemKind.NOTICE)
    )


def _problem(
    incoming: Incoming,
    column: str,
    cause: str,
    message: str,
    *,
    kind: ProblemKind = ProblemKind.ERROR,
) -> Problem:
    return Problem(kind, incoming.number, incoming.line, column, cause, message, incoming.cells)
