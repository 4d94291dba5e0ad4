"""Where the fakes keep the vendors' data: JSON rows in SQLite, in memory or in a file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (provider, collection, id)
);
CREATE INDEX IF NOT EXISTS rows_order ON rows (provider, collection, seq);
"""
PAGE = 200


class StoreUnusable(Exception):
    """The file cannot be used as a store; `str()` says why."""


class Store:
    """All vendors' rows behind one lock; a failed transaction leaves nothing."""

    def __init__(self, file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._depth = 0
        try:
            self._connection = sqlite3.connect(
                file or ":memory:", check_same_thread=False, isolation_level=None
            )
            self._connection.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA
            )
        except sqlite3.Error as error:
            raise StoreUnusable(f"{file}: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Holds the lock; nested use joins the outer transaction."""
        with self.lock:
            outermost = self._depth == 0
            if outermost:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                if outermost:
                    self._connection.execute("ROLLBACK")
                raise
            else:
                if outermost:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        with self.lock:
            self._connection.close()


class Collection:
    """The rows of one kind at one vendor, kept in the order they were first put."""

    def __init__(self, store: Store, provider: str, name: str) -> None:
        self._store = store
        self._key = (provider, name)

    def get(self, row_id: str) -> Json | None:
        found = self._store.execute(
            "SELECT body FROM rows WHERE provider=? AND collection=? AND id=?", *self._key, row_id
        )
        return dict(json.loads(found[0][0])) if found else None

    def put(self, row_id: str, row: Json) -> None:
        self._store.execute(
            "INSERT INTO rows (provider, collection, id, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (provider, collection, id) DO UPDATE SET body = excluded.body",
            *self._key,
            row_id,
            json.dumps(row),
        )

    def delete(self, row_id: str) -> None:
        self._store.execute(
            "DELETE FROM rows WHERE provider=? AND collection=? AND id=?", *self._key, row_id
        )

    def newest_first(self) -> Iterator[Json]:
        """Pages through the rows, so that a reader may stop early."""
        before = 1 << 62
        while True:
            page = self._store.execute(
                "SELECT seq, body FROM rows WHERE provider=? AND collection=? AND seq<?"
                " ORDER BY seq DESC LIMIT ?",
                *self._key,
                before,
                PAGE,
            )
            for _, body in page:
                yield json.loads(body)
            if len(page) < PAGE:
                return
            before = page[-1][0]

    def count(self) -> int:
        found = self._store.execute(
            "SELECT count(*) FROM rows WHERE provider=? AND collection=?", *self._key
        )
        return int(found[0][0])

    def keep_newest(self, number: int) -> None:
        """Drop all but the newest rows."""
        self._store.execute(
            "DELETE FROM rows WHERE provider=? AND collection=? AND seq <= coalesce((SELECT seq"
            " FROM rows WHERE provider=? AND collection=? ORDER BY seq DESC LIMIT 1 OFFSET ?), 0)",
            *self._key,
            *self._key,
            number,
        )


def forget(store: Store, provider: str) -> None:
    """Erase everything one vendor holds."""
    store.execute("DELETE FROM rows WHERE provider=?", provider)
