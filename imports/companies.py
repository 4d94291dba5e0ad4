"""Finds or plans the company of each row: by domain, else by name, within the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imports.choices import DuplicateStrategy
from imports.mapping import Incoming
from imports.matching import Key, Store
from imports.merging import record_changes
from imports.working import Shelf, Working


class Companies:
    """The companies of one chunk, found by domain and name."""

    def __init__(
        self, store: Store, strategy: DuplicateStrategy, *, given: Mapping[str, Any]
    ) -> None:
        self._store = store
        self._given = given
        self._strategy = strategy
        self.shelf = Shelf()
        self._settled: dict[int, dict[str, Any]] = {}
        self._by_domain: dict[str, int] = {}
        self._by_name: dict[str, int] = {}

    def preload(self, rows: Iterable[Incoming]) -> None:
        """Look up every company the rows name: two queries, and one for their values."""
        named = [row.account for row in rows if row.account.get("name")]
        domains = {account["domain"] for account in named if account.get("domain")}
        self._by_domain = _first(self._store.find(Key.DOMAIN, domains))
        names = {
            account["name"].lower()
            for account in named
            if account.get("domain", "") not in self._by_domain
        }
        self._by_name = _first(self._store.find(Key.COMPANY, names))
        refs = {*self._by_domain.values(), *self._by_name.values()}
        self.shelf.add(self._store.load("account", refs))

    def peek(self, row: Incoming) -> int | None:
        """The row's company if it is known by now; nothing is made or changed."""
        account = row.account
        domain = account.get("domain")
        ref = self._by_domain.get(domain) if domain else None
        return ref if ref is not None else self._by_name.get(account.get("name", "").lower())

    def settle(self, row: Incoming) -> int | None:
        """The row's company, made, filled or updated as the strategy says."""
        account = row.account
        if not account.get("name"):
            return None
        ref = self.peek(row)
        if ref is None:
            ref = -row.number
            self.shelf.make(ref, {**self._given, **account}, row.number)
        elif self._settled.get(ref) == account:
            return ref  # Most rows say of a company what the row before them said.
        else:
            self._enrich(self.shelf.records[ref], account, row.number)
        self._settled[ref] = account
        self._by_name.setdefault(account["name"].lower(), ref)
        if account.get("domain"):
            self._by_domain.setdefault(account["domain"], ref)
        return ref

    def _enrich(self, record: Working, account: dict[str, Any], row: int) -> None:
        if self._strategy is DuplicateStrategy.SKIP and not record.row:
            return
        updates = self._strategy is DuplicateStrategy.UPDATE
        strategy = DuplicateStrategy.UPDATE if updates else DuplicateStrategy.MERGE
        changes = record_changes(record.values, account, strategy=strategy)
        if changes:
            self.shelf.touch(record, changes, row)


def _first(found: Mapping[Any, Sequence[int]]) -> dict[str, int]:
    """Of several companies of one name the oldest is meant."""
    return {mark: ids[0] for mark, ids in found.items()}
