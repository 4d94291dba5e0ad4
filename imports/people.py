"""Climbs the match ladder for each row, seeing also what earlier rows of the chunk decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
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
            for ref in self._index.get((key, mark), ()):
                record = self.shelf.records.get(ref)
                if record and record not in found.get(key, ()) and _bears(record, key, mark):
                    found.setdefault(key, []).append(record)
            if key is Key.EMAIL and found:
                break
        return next((Match(key, found[key]) for key in Key if key in found), None)

    def remember(self, record: Working) -> None:
        """Let later rows of the chunk find the record by its present marks."""
        for key, mark in marks(record.values, record.values.get("account_id")):
            refs = self._index[(key, mark)]
            if record.ref not in refs:
                refs.append(record.ref)

    def _find(self, key: Key, wanted: set[Any]) -> None:
        for mark, refs in self._store.find(key, wanted).items():
            self._index[(key, mark)].extend(refs)


def marks(contact: dict[str, Any], account: int | None) -> Iterator[tuple[Key, Any]]:
    """By which a contact is known, the surest first."""
    if email := contact.get("email"):
        yield Key.EMAIL, email.lower()
    if url := contact.get("linkedin_url"):
        yield Key.LINKEDIN, url.lower()
    first, last = contact.get("first_name"), contact.get("last_name")
    if first and last and account is not None:
        yield Key.NAME, (account, first.lower(), last.lower())
    if phone := contact.get("phone"):
        yield Key.PHONE, phone
    if mobile := contact.get("mobile"):
        yield Key.PHONE, mobile


def _bears(record: Working, key: Key, mark: Any) -> bool:
    """Whether the record still has the mark: an earlier row may have changed it."""
    if not record.row:
        return True
    values = record.values
    if key is Key.EMAIL and mark in (entry.lower() for entry in values.get("other_emails") or ()):
        return True
    return any(pair == (key, mark) for pair in marks(values, values.get("account_id")))
