"""Puts the imports that wrote a record among what happened with it, read from the ledger."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest

from crm.choices import ChangeAction
from crm.models import Activity, Change, User
from crm.panels import origin_url


@dataclass(frozen=True)
class ImportEntry:
    """A line of the timeline without an activity behind it; `path` leads to the import."""

    subject: str
    occurred_at: datetime.datetime
    actor: User | None
    path: str
    kind: str = "import"
    body: str = ""
    url: str = ""
    amount: None = None
    currency: str = ""


def import_entries(request: HttpRequest, changes: Sequence[Change]) -> list[ImportEntry]:
    return [
        ImportEntry(
            subject=f"{_done(change)} from {change.reason or 'a file'}",
            occurred_at=change.at,
            actor=change.actor,
            path=origin_url(request, change.origin_kind, change.origin_id),
        )
        for change in changes
    ]


class WithImports:
    """Activities with a few entries laid between them by time, newest first; a page is one query.

    Both are given newest first.
    """

    def __init__(self, rows: QuerySet[Activity], entries: Sequence[ImportEntry]) -> None:
        self._rows = rows
        self._entries = entries

    def __len__(self) -> int:
        return self._rows.count() + len(self._entries)

    def __getitem__(self, wanted: slice) -> list[Activity | ImportEntry]:
        first = max(0, wanted.start - len(self._entries))
        rows = list(self._rows[first : wanted.stop])
        newer = [entry for entry in self._entries if first and _is_newer(entry, rows)]
        merged: list[Activity | ImportEntry] = [*rows, *self._entries[len(newer) :]]
        merged.sort(key=lambda one: one.occurred_at, reverse=True)
        start = first + len(newer)
        return merged[wanted.start - start : wanted.stop - start]


def _is_newer(entry: ImportEntry, rows: Sequence[Activity]) -> bool:
    return bool(rows) and entry.occurred_at > rows[0].occurred_at


def _done(change: Change) -> str:
    return "Imported" if change.action == ChangeAction.CREATED else "Updated"
