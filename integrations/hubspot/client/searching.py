"""Searches: what changed since, page by page; on their own rate, with their own cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.hub import throttle
from integrations.hubspot.client.transport import Transport
from integrations.hubspot.client.values import Json, ObjectPage, page_read
from integrations.hubspot.limits import SEARCH_LIMIT, SEARCH_PAGE


@dataclass(frozen=True)
class Filter:
    """One condition; times are milliseconds since 1970, as text."""

    name: str
    operator: str
    value: str | None = None
    high_value: str | None = None
    values: tuple[str, ...] = ()

    def as_json(self) -> Json:
        given = {"value": self.value, "highValue": self.high_value}
        found: Json = {"propertyName": self.name, "operator": self.operator}
        found |= {name: value for name, value in given.items() if value is not None}
        return {**found, "values": list(self.values)} if self.values else found


@dataclass(frozen=True)
class Search:
    """Any of `groups` holds when all of its filters do; HubSpot takes one order only.

    At most 10,000 rows of one search can be had; beyond that HubSpot answers 400.
    """

    groups: tuple[tuple[Filter, ...], ...] = ()
    sort: str = ""
    is_descending: bool = False
    query: str = ""
    properties: Sequence[str] = ()
    limit: int = SEARCH_PAGE

    def as_json(self, after: str) -> Json:
        body: Json = {"limit": self.limit, "properties": list(self.properties)}
        if self.groups:
            body["filterGroups"] = [
                {"filters": [found.as_json() for found in group]} for group in self.groups
            ]
        if self.sort:
            # As the vendor's description has it; a minus turns the order round.
            body["sorts"] = [f"-{self.sort}" if self.is_descending else self.sort]
        named = {"query": self.query, "after": after}
        return body | {name: value for name, value in named.items() if value}


class SearchCalls(Transport):
    """`/crm/…/objects/{kind}/search`."""

    def objects_search(self, kind: str, search: Search, *, after: str = "") -> ObjectPage:
        """Archived records never appear, and fresh changes only after some seconds.

        Raises RateLimited when other workers use up the searches of this second.
        """
        throttle.take(self.connection, limits=(SEARCH_LIMIT,))
        path = self.path("objects", kind, "search")
        return page_read(self.ask("POST", path, body=search.as_json(after)))
