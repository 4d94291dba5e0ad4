"""Walks through what changed since a time, by searches that each begin where the last one ended.

HubSpot pages a search by the number of rows passed, so a row that changes meanwhile moves to the
end and another one takes its number, unread. And of one search 10,000 rows are given at most.
https://developers.hubspot.com/docs/api-reference/search
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.hub.errors import Rejected
from integrations.hubspot.client import Client, Filter, ObjectPage, RemoteObject, Search
from integrations.hubspot.kinds import Kind
from integrations.hubspot.limits import SEARCH_PAGE
from integrations.hubspot.translate import milliseconds, moment


class NoProgress(Rejected):
    """HubSpot answers in a way that would have us ask the same for ever."""


@dataclass(frozen=True)
class Place:
    """How far we are: what changed at `since` (milliseconds) or later.

    With `last_id` it is only what changed at exactly `since`, by id, beyond that one: for more rows
    of one time than a page gives.
    """

    since: int
    last_id: int | None = None

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> Place:
        return cls(cursor["since"], cursor["last_id"])

    def as_json(self) -> Mapping[str, Any]:
        return dict(vars(self))

    @property
    def rank(self) -> tuple[int, int]:
        """Rises with every step, whichever kind of step it is."""
        return (self.since, -1 if self.last_id is None else self.last_id)

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

    Rows of the time at which two searches meet come twice. Raises NoProgress instead of looping.
    """
    found = client.objects_search(kind.name, place.search(kind, properties))
    following = _by_id(place, found) if place.last_id is not None else _by_time(kind, place, found)
    return found, _checked(place, following) if following else None


def _by_time(kind: Kind, place: Place, found: ObjectPage) -> Place | None:
    """From the last time on; by id where all that a page gives has one time."""
    if not found.after or not found.results:
        return None
    last = _time(kind, found.results[-1])
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
