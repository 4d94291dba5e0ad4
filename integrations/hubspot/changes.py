"""Walks through what changed since a time, by searches that give 10,000 rows each at most.

https://developers.hubspot.com/docs/api-reference/search
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.hub.errors import Rejected
from integrations.hubspot.client import Client, Filter, ObjectPage, Refused, RemoteObject, Search
from integrations.hubspot.kinds import Kind
from integrations.hubspot.limits import SEARCH_CAP, SEARCH_PAGE
from integrations.hubspot.translate import milliseconds, moment


class NoProgress(Rejected):
    """HubSpot answers in a way that would have us ask the same for ever."""


@dataclass(frozen=True)
class Place:
    """How far we are: what changed at `since` (milliseconds) or later, from row `after` on.

    `last` is the time of the last row seen. With `last_id` it is only what changed at exactly
    `since`, by id, beyond that one: for more rows of one time than a search gives.
    """

    since: int
    after: int = 0
    last: int = 0
    last_id: int | None = None

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> Place:
        return cls(**{name: cursor[name] for name in ("since", "after", "last", "last_id")})

    def as_json(self) -> Mapping[str, Any]:
        return dict(vars(self))

    @property
    def rank(self) -> tuple[int, bool, int]:
        """Rises with every step, whichever kind of step it is."""
        if self.last_id is None:
            return (self.since, False, self.after)
        return (self.since, True, self.last_id)

    def search(self, kind: Kind, properties: Sequence[str]) -> Search:
        time = str(self.since)
        if self.last_id is None:
            since = (Filter(kind.modified, "GTE", time),)
            return Search((since,), kind.modified, properties=properties, limit=SEARCH_PAGE)
        same = Filter(kind.modified, "EQ", time)
        beyond = Filter("hs_object_id", "GT", str(self.last_id))
        return Search(((same, beyond),), "hs_object_id", properties=properties, limit=SEARCH_PAGE)


def changes_page(
    client: Client, kind: Kind, place: Place, properties: Sequence[str]
) -> tuple[ObjectPage, Place | None]:
    """One search, and the place after it; None when there is no more.

    Rows may come twice where a search is begun anew. Raises NoProgress instead of looping.
    """
    search = place.search(kind, properties)
    try:
        found = client.objects_search(kind.name, search, after=str(place.after or ""))
    except Refused:
        if not place.after:
            raise
        # The cap is lower than we know: begin anew at the last time seen.
        return ObjectPage(()), _checked(place, _anew(place, place.last))
    following = _by_id(place, found) if place.last_id is not None else _by_time(kind, place, found)
    return found, _checked(place, following) if following else None


def _by_time(kind: Kind, place: Place, found: ObjectPage) -> Place | None:
    if not found.after or not found.results:
        return None
    last = _time(kind, found.results[-1])
    after = int(found.after)
    if after + SEARCH_PAGE <= SEARCH_CAP:
        return Place(place.since, after, last)
    return _anew(place, last)


def _anew(place: Place, last: int) -> Place:
    """From the last time on; by id where all that a search gives has one time."""
    return Place(last) if last > place.since else Place(place.since, last_id=0)


def _by_id(place: Place, found: ObjectPage) -> Place:
    """Beyond the last id; with the last page, what changed after this time."""
    if not found.after or not found.results:
        return Place(place.since + 1)
    return Place(place.since, last_id=int(found.results[-1].id))


def _checked(place: Place, following: Place) -> Place:
    if following.rank <= place.rank:
        raise NoProgress(
            f"HubSpot's search does not get on: after {place} comes {following}. "
            "Nothing is lost; the next run begins anew."
        )
    return following


def _time(kind: Kind, row: RemoteObject) -> int:
    """Raises NoProgress for a row without the time it was found by."""
    found = moment(row.properties.get(kind.modified) or row.updated_at)
    if found is None:
        raise NoProgress(f"HubSpot's record {row.id} has no time of change.")
    return milliseconds(found)
