"""Reads pages of theirs until there are enough for one commit.

What a commit costs whatever is in it (statements, look-ups, a flush) is shared by more records so;
some vendors hand out no more than fifty or a hundred at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from integrations.hub.streams import Json, Page, RemoteRecord
from integrations.hub.sync.remote import database_now

# More of them make a commit hardly cheaper each, and keep its locks longer.
ENOUGH: Final = 500


@dataclass
class Gathered:
    """Records in the order they were read, and where the page after them begins (None: nowhere).

    `asked_at` is when each one's page was asked for, by its id. `error` is what stopped the
    reading: what came before it is good.
    """

    cursor: Json | None
    began_at: datetime
    records: list[RemoteRecord] = field(default_factory=list)
    asked_at: dict[str, datetime] = field(default_factory=dict)
    pages: int = 0
    error: Exception | None = None

    @property
    def is_over(self) -> bool:
        return self.error is not None or (self.pages > 0 and self.cursor is None)


def gathered(
    read: Callable[[Json | None], Page], cursor: Json | None, *, enough: int, until: float
) -> Gathered:
    """One page, and more while they are fewer than `enough` records and `until` is not reached."""
    found = Gathered(cursor, database_now())
    while not found.is_over:
        try:
            at = database_now()
            page = read(found.cursor)
        except Exception as error:  # the caller's, once what came before it is stored
            found.error = error
            continue
        found.records += page.records
        found.asked_at |= dict.fromkeys((one.id for one in page.records), at)
        found.cursor = page.cursor
        found.pages += 1
        if len(found.records) >= enough or time.monotonic() >= until:
            break
    return found
