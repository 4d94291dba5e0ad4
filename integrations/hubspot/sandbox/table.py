"""The records of one kind with their indexes: by id, by unique value, by time of change."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from typing import Any

Json = dict[str, Any]


class SearchIndex:
    """What a search sees: each record as it was when the index last looked.

    A change shows up `lag_ms` after it was made; until then the record is found as it was before.
    """

    def __init__(self) -> None:
        self.lag_ms = 0
        self.seen: dict[int, Json] = {}
        self.by_time: list[tuple[int, int]] = []
        self.ids: list[int] = []
        self._waiting: deque[tuple[int, Json]] = deque()

    def add(self, row: Json, now: int) -> None:
        if self.lag_ms or self._waiting:
            self._waiting.append((now + self.lag_ms, row))
        else:
            self._apply(row)

    def catch_up(self, now: int) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            self._apply(self._waiting.popleft()[1])

    def _apply(self, row: Json) -> None:
        number = int(row["id"])
        before = self.seen.pop(number, None)
        if before is not None:
            del self.by_time[bisect_left(self.by_time, (before["modified"], number))]
        if row["archived"]:
            if before is not None:
                del self.ids[bisect_left(self.ids, number)]
            return
        self.seen[number] = row
        insort(self.by_time, (row["modified"], number))
        if before is None:
            insort(self.ids, number)


class ObjectTable:
    """Rows are replaced, never changed in place, so that the search index may keep old ones."""

    def __init__(self, unique: tuple[str, ...]) -> None:
        self.rows: dict[str, Json] = {}
        self.live: list[int] = []
        self.archived: list[int] = []
        self.merged: dict[str, str] = {}
        self.unique: dict[str, dict[str, str]] = {name: {} for name in unique}
        self.index = SearchIndex()

    def put(self, row: Json, now: int) -> None:
        before = self.rows.get(row["id"])
        if before is not None:
            self._forget(before)
        self.rows[row["id"]] = row
        insort(self.archived if row["archived"] else self.live, int(row["id"]))
        if row.get("mergedInto"):
            self.merged[row["id"]] = row["mergedInto"]
        if not row["archived"]:
            for name, held in self.unique.items():
                if value := row["properties"].get(name):
                    held[value.lower()] = row["id"]
        self.index.add(row, now)

    def erase(self, row: Json, now: int) -> None:
        """For good; a search forgets it too."""
        self._forget(row)
        del self.rows[row["id"]]
        self.index.add({**row, "archived": True}, now)

    def get(self, identifier: str) -> Json | None:
        """The record, or the one it was merged into."""
        while identifier in self.merged:
            identifier = self.merged[identifier]
        return self.rows.get(identifier)

    def by_unique(self, name: str, value: str) -> Json | None:
        found = self.unique[name].get(value.strip().lower())
        return self.rows[found] if found else None

    def page(self, after: int, limit: int, *, is_archived: bool) -> tuple[list[Json], int | None]:
        """From the id `after` on, and the id the next page begins with."""
        ids = self.archived if is_archived else self.live
        start = bisect_left(ids, after)
        found = [self.rows[str(number)] for number in ids[start : start + limit]]
        following = ids[start + limit : start + limit + 1]
        return found, following[0] if following else None

    def _forget(self, row: Json) -> None:
        ids = self.archived if row["archived"] else self.live
        del ids[bisect_left(ids, int(row["id"]))]
        if row["archived"]:
            return
        for name, held in self.unique.items():
            value = row["properties"].get(name)
            if value and held.get(value.lower()) == row["id"]:
                del held[value.lower()]
