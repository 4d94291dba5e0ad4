"""Reads pages of theirs until there are enough for one commit.

What a commit costs whatever is in it (statements, look-ups, a flush) is shared by more records so;
some vendors hand out no more than fifty or a hundred at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from integrations.hub.streams import Json, Page, RemoteRecord

# More of them make a commit hardly cheaper each, and keep its locks longer.
ENOUGH: Final = 500


@dataclass
class Gathered:
    """Records in the order they were read, and where the page after them begins (None: nowhere).

    `error` is what stopped the reading: what came before it is good.
    """

    cursor: Json | None
    records: list[RemoteRecord] = field(default_factory=list)
    pages: int = 0
    error: Exception | None = None

    @property
    def is_over(self) -> bool:
        return self.error is not None or (self.pages > 0 and self.cursor is None)


def gathered(
    read: Callable[[Json | None], Page], cursor: Json | None, *, enough: int, until: float
) -> Gathered:
    """One page, and more while they are fewer than `enough` records and `until` is not reached."""
    found = Gathered(cursor)
    while not found.is_over:
        try:
            page = read(found.cursor)
        except Exception as error:  # the caller's, once what came before it is stored
            found.error = error
            continue
        found.records += page.records
        found.cursor = page.cursor
        found.pages += 1
        if len(found.records) >= enough or time.monotonic() >= until:
            break
    return found
