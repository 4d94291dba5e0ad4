"""Search: `email:'a@b.test' AND metadata['crm_id']:'42'`, over what is old enough to be indexed."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.errors import parameter_invalid
from integrations.stripe.sandbox.lists import DEFAULT_LIMIT, MAX_LIMIT

# Stripe: up to a minute; a client that reads here what it just wrote must fail.
INDEX_LAG_SECONDS = 5
CLAUSE = re.compile(
    r"""\s*(?P<name>\w+)(?:\[(["'])(?P<key>.+?)\2\])?\s*(?P<match>[:~])\s*(["'])(?P<value>.*?)\5\s*"""
)
JOIN = re.compile(r"\s+(AND|OR)\s+")


def search_page(books: Books, collection: str, params: dict[str, Any]) -> Json:
    """Raises ApiError for a query that cannot be read."""
    limit = params.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise parameter_invalid("limit", f"Invalid limit: must be between 1 and {MAX_LIMIT}")
    start = _start(params.get("page"))
    clauses, any_of = _read(params["query"])
    found = (row for row in books.all(collection) if _is_found(row, clauses, any_of, books.now))
    page = list(islice(found, start, start + limit + 1))
    has_more = len(page) > limit
    return {
        "object": "search_result",
        "data": page[:limit],
        "has_more": has_more,
        "next_page": f"page_{start + limit}" if has_more else None,
        "total_count": None,
        "url": f"/v1/{collection}/search",
    }


def _start(page: str | None) -> int:
    if not page:
        return 0
    number = page.removeprefix("page_")
    if not number.isdecimal():
        raise parameter_invalid("page", "Invalid page: use next_page of the reply before.")
    return int(number)


def _read(query: str) -> tuple[list[re.Match[str]], bool]:
    joins = set(JOIN.findall(query))
    if len(joins) > 1:
        raise parameter_invalid("query", "A query cannot mix AND and OR.")
    clauses = []
    for part in JOIN.split(query)[::2]:
        clause = CLAUSE.fullmatch(part)
        if clause is None:
            raise parameter_invalid("query", f"We were unable to parse your query: {part}")
        clauses.append(clause)
    return clauses, joins == {"OR"}


def _is_found(row: Json, clauses: list[re.Match[str]], any_of: bool, now: int) -> bool:
    if row.get("deleted") or row["created"] > now - INDEX_LAG_SECONDS:
        return False
    results = [_fits(row, clause) for clause in clauses]
    return any(results) if any_of else all(results)


def _fits(row: Json, clause: re.Match[str]) -> bool:
    value = row.get(clause["name"])
    if clause["key"]:
        value = (value or {}).get(clause["key"])
    if value is None:
        return False
    wanted, found = clause["value"].lower(), str(value).lower()
    return wanted in found if clause["match"] == "~" else wanted == found
