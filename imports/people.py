"""Climbs the match ladder for each row, seeing also what earlier rows of the chunk decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from imports.mapping import Incoming
from imports.matching import Key, Store
from imports.working import Shelf, Working


class Match(NamedTuple):
    """The step of the ladder that answered, and whom it found."""

    key: Key
    records: list[Working]


class People:
    """The contacts of one chunk, found by their marks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.shelf = Shelf()
        self._index: dict[tuple[Key, Any], list[int]] = defaultdict(list)

    def preload(self, rows: Sequence[tuple[Incoming, int | None]]) -> None:
        """Look up all marks of the rows; a row whose e-mail is known needs no lower step."""
        self._find(Key.EMAIL, {row.contact["email"] for row, _ in rows if row.contact.get("email")})
        rest = [
            pair for pair in rows if (Key.EMAIL, pair[0].contact.get("email")) not in self._index
        ]
        wanted: dict[Key, set[Any]] = defaultdict(set)
        for row, account in rest:
            for key, mark in marks(row.contact, account):
                wanted[key].add(mark)
        for key in (Key.LINKEDIN, Key.NAME, Key.PHONE):
            self._find(key, wanted[key])
        refs = {ref for found in self._index.values() for ref in found}
        self.shelf.add(self._store.load("contact", refs))

    def match(self, row: Incoming, account: int | None) -> Match | None:
        """The first step with an answer; several records on one step are all returned."""
        found: dict[Key, list[Working]] = {}
        for key, mark in marks(row.contact, account):
            refs = self._index.get((key, mark))
            if not refs:
                continue
            for ref in refs:
                record = self.shelf.records.get(ref)
                if record and record not in found.get(key, ()) and _bears(record, key, mark):
                    found.setdefault(key, []).append(record)
            if key is Key.EMAIL and found:
                break
        if not found:
            return None
        return next(Match(key, found[key]) for key in Key if key in found)

    def remember(self, record: Working) -> None:
        """Let later rows of the chunk find the record by its present marks."""
        for key, mark in marks(record.values, record.values.get("account_id")):
            refs = self._index[(key, mark)]
            if record.ref not in refs:
                refs.append(record.ref)

    def _find(self, key: Key, wanted: set[Any]) -> None:
        for mark, refs in self._store.find(key, wanted).items():
            self._index[(key, mark)].extend(refs)


def marks(contact: dict[str, Any], account: int | None) -> list[tuple[Key, Any]]:
    """By which a contact is known, the surest first."""
    found: list[tuple[Key, Any]] = []
    if email := contact.get("email"):
        found.append((Key.EMAIL, email.lower()))
    if url := contact.get("linkedin_url"):
        found.append((Key.LINKEDIN, url.lower()))
    if account is not None and (first := contact.get("first_name")):  # noqa: SIM102
        if last := contact.get("last_name"):
            found.append((Key.NAME, (account, first.lower(), last.lower())))
    if phone := contact.get("phone"):
        found.append((Key.PHONE, phone))
    if mobile := contact.get("mobile"):
        found.append((Key.PHONE, mobile))
    return found


def _bears(record: Working, key: Key, mark: Any) -> bool:
    """Whether the record still has the mark: an earlier row may have changed it."""
    if not record.row:
        return True
    values = record.values
    if key is Key.EMAIL and mark in (entry.lower() for entry in values.get("other_emails") or ()):
        return True
    return any(pair == (key, mark) for pair in marks(values, values.get("account_id")))
