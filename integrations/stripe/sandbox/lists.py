"""Pages of a list: newest first, cursors, created filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import dropwhile, islice
from typing import Any

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.errors import parameter_invalid
from integrations.stripe.sandbox.parameters import Parameters, integer, text, time_range

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
PAGING: Parameters = {"limit": integer, "starting_after": text, "ending_before": text}
LISTING: Parameters = {**PAGING, "created": time_range}

Keep = Callable[[Json], bool]


def list_page(
    books: Books, collection: str, params: dict[str, Any], keep: Keep = lambda _: True
) -> Json:
    """One page of a collection. Raises ApiError for a limit or cursor that cannot be."""
    for cursor in ("starting_after", "ending_before"):
        if params.get(cursor):
            books.find(collection, params[cursor], cursor)
    bounds = params.get("created") or {}
    rows = (
        row
        for row in books.all(collection)
        if keep(row) and not row.get("deleted") and is_within(row["created"], bounds)
    )
    return page_of(rows, params, f"/v1/{collection}")


def page_of(rows: Iterable[Json], params: dict[str, Any], url: str) -> Json:
    limit = params.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise parameter_invalid("limit", f"Invalid limit: must be between 1 and {MAX_LIMIT}")
    if params.get("ending_before"):
        newer = _until(rows, params["ending_before"])
        data, has_more = newer[-limit:], len(newer) > limit
    else:
        found = list(islice(_after(rows, params.get("starting_after")), limit + 1))
        data, has_more = found[:limit], len(found) > limit
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def whole_list(rows: list[Json], url: str) -> Json:
    """A list inside an object."""
    return {"object": "list", "data": rows, "has_more": False, "url": url}


def is_within(moment: int, bounds: dict[str, int]) -> bool:
    return (
        moment > bounds.get("gt", -1)
        and moment >= bounds.get("gte", 0)
        and moment < bounds.get("lt", 1 << 60)
        and moment <= bounds.get("lte", 1 << 60)
    )


def _after(rows: Iterable[Json], cursor: str | None) -> Iterable[Json]:
    if not cursor:
        return rows
    return islice(dropwhile(lambda row: row["id"] != cursor, rows), 1, None)


def _until(rows: Iterable[Json], cursor: str) -> list[Json]:
    newer = []
    for row in rows:
        if row["id"] == cursor:
            break
        newer.append(row)
    return newer
