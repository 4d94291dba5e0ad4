"""Links between records: both directions of each, in memory and in the store."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from integrations.hub.sandbox.vendor import Vendor

Json = dict[str, Any]
COLLECTION = "_links"
# (category, type id)
LinkType = tuple[str, int]
DEFINED, OWN = "HUBSPOT_DEFINED", "USER_DEFINED"

# (from, to): types; the first is the plain one, the second the primary one.
LINK_TYPES: dict[tuple[str, str], tuple[tuple[int, str | None], ...]] = {
    ("contacts", "companies"): ((279, None), (1, "Primary")),
    ("companies", "contacts"): ((280, None), (2, "Primary")),
    ("deals", "contacts"): ((3, None),),
    ("contacts", "deals"): ((4, None),),
    ("deals", "companies"): ((341, None), (5, "Primary")),
    ("companies", "deals"): ((342, None), (6, "Primary")),
    ("tickets", "contacts"): ((16, None),),
    ("contacts", "tickets"): ((15, None),),
    ("notes", "contacts"): ((202, None),),
    ("contacts", "notes"): ((201, None),),
    ("notes", "deals"): ((214, None),),
    ("deals", "notes"): ((213, None),),
    ("tasks", "contacts"): ((204, None),),
    ("contacts", "tasks"): ((203, None),),
    ("tasks", "deals"): ((216, None),),
    ("deals", "tasks"): ((215, None),),
    ("calls", "contacts"): ((194, None),),
    ("contacts", "calls"): ((193, None),),
    ("emails", "contacts"): ((198, None),),
    ("contacts", "emails"): ((197, None),),
    ("meetings", "contacts"): ((200, None),),
    ("contacts", "meetings"): ((199, None),),
    ("notes", "companies"): ((190, None),),
    ("companies", "notes"): ((189, None),),
    ("tasks", "companies"): ((192, None),),
    ("companies", "tasks"): ((191, None),),
    ("calls", "companies"): ((182, None),),
    ("companies", "calls"): ((181, None),),
    ("meetings", "companies"): ((188, None),),
    ("companies", "meetings"): ((187, None),),
    ("calls", "deals"): ((206, None),),
    ("deals", "calls"): ((205, None),),
    ("meetings", "deals"): ((212, None),),
    ("deals", "meetings"): ((211, None),),
}

# From both sides; these pairs alone have a primary one.
PRIMARY = frozenset({1, 2, 5, 6})


class LinkStore:
    """`ends[(kind, id, other kind)]` is `{other id: types}`, in the order they were linked."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.ends: dict[tuple[str, str, str], dict[str, set[LinkType]]] = defaultdict(dict)

    def load(self) -> None:
        self.ends.clear()
        for row in reversed(list(self.vendor.collection(COLLECTION).newest_first())):
            kind, identifier, to, to_id = row["id"].split(":")
            types = {(category, number) for category, number in row["types"]}
            self.ends[kind, identifier, to][to_id] = types

    def of(self, kind: str, identifier: str, to: str) -> dict[str, set[LinkType]]:
        return self.ends.get((kind, identifier, to), {})

    def add(
        self, start: tuple[str, str], end: tuple[str, str], types: list[LinkType]
    ) -> set[LinkType]:
        """The plain type comes with any label; the types the pair has then."""
        if any(number in PRIMARY for _, number in types):
            self._primary_leaves(*((start, end[0]) if end[0] == "companies" else (end, start[0])))
        plain = LINK_TYPES[start[0], end[0]][0][0]
        held = self._extend(start, end, {*types, (DEFINED, plain)})
        self._extend(end, start, {(DEFINED, number) for number in _backward(start, end, types)})
        return held

    def _primary_leaves(self, start: tuple[str, str], to: str) -> None:
        """A record has one primary company: the one it had so far becomes one of the others."""
        for end, held in list(self.of(*start, to).items()):
            for one, other, types in (
                (start, (to, end), held),
                ((to, end), start, self.of(to, end, start[0])[start[1]]),
            ):
                kept = {kind for kind in types if kind[1] not in PRIMARY}
                if kept != types:
                    self.ends[one[0], one[1], other[0]][other[1]] = kept
                    self._keep(one, other, kept)

    def remove(self, start: tuple[str, str], end: tuple[str, str]) -> bool:
        """Whether there was one."""
        was = self.of(*start, end[0]).pop(end[1], None)
        self.of(*end, start[0]).pop(start[1], None)
        for one, other in ((start, end), (end, start)):
            self.vendor.collection(COLLECTION).delete(_key(one, other))
        return was is not None

    def drop(self, kind: str, identifier: str) -> None:
        """Every link of a record that is gone."""
        for end in self._all(kind, identifier):
            self.remove((kind, identifier), end)

    def move(self, kind: str, old: str, new: str) -> None:
        """The links of a record go to the one it was merged into."""
        for to, to_id in self._all(kind, old):
            types = sorted(self.of(kind, old, to)[to_id])
            self.remove((kind, old), (to, to_id))
            if (to, to_id) != (kind, new):
                self.add((kind, new), (to, to_id), types)

    def _all(self, kind: str, identifier: str) -> list[tuple[str, str]]:
        others = [to for start, to in LINK_TYPES if start == kind]
        return [(to, to_id) for to in others for to_id in self.of(kind, identifier, to)]

    def _extend(
        self, start: tuple[str, str], end: tuple[str, str], types: set[LinkType]
    ) -> set[LinkType]:
        held = self.ends[start[0], start[1], end[0]]
        held[end[1]] = held.get(end[1], set()) | types
        self._keep(start, end, held[end[1]])
        return held[end[1]]

    def _keep(self, start: tuple[str, str], end: tuple[str, str], types: set[LinkType]) -> None:
        key = _key(start, end)
        self.vendor.collection(COLLECTION).put(key, {"id": key, "types": sorted(types)})


def _backward(start: tuple[str, str], end: tuple[str, str], types: list[LinkType]) -> set[int]:
    """The same types as the other side names them; a label of the customer's has one side."""
    there = LINK_TYPES[start[0], end[0]]
    back = LINK_TYPES[end[0], start[0]]
    found = {back[0][0]}
    for position, (number, _) in enumerate(there):
        if (DEFINED, number) in types and position < len(back):
            found.add(back[position][0])
    return found


def _key(start: tuple[str, str], end: tuple[str, str]) -> str:
    return ":".join((*start, *end))
