"""The cursor machine's vendor: lists by time of change, or in an order of its own, by keyset."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.integrations.hub.mirror_tables import Thing
from tests.integrations.hub.mirror_vendor import MirrorVendor


@dataclass
class ListingVendor(MirrorVendor):
    """Each page begins after the last row of the one before, whatever has moved meanwhile."""

    is_sorted: bool = True
    # Switched on by the gate, which is about what a vendor's pages may get wrong.
    is_bound_strict: bool = False
    are_ties_passed: bool = False
    last_after: str = ""
    newest: datetime | None = None

    def _list(self, object: str, body: Mapping[str, Any]) -> dict[str, Any]:
        since = datetime.fromisoformat(body["since"]) if body.get("since") else None
        rows = [one for one in self.tables.things[object].values() if self._is_new(one, since)]
        rows.sort(key=self._place)
        if after := body.get("after", ""):
            rows = [one for one in rows if self._mark(one) > after]
        page = rows[: self.rules.page_size]
        self.last_after = self._mark(page[-1]) if len(rows) > len(page) else ""
        self.newest = max((one.modified_at for one in page), default=self.newest)
        told = [self.tables.told(object, one) for one in page]
        return {"results": told, "after": self.last_after}

    def _is_new(self, thing: Thing, since: datetime | None) -> bool:
        if since is None:
            return True
        return thing.modified_at > since if self.is_bound_strict else thing.modified_at >= since

    def _place(self, thing: Thing) -> tuple[str, str]:
        if self.is_sorted:
            return (stamp(thing.modified_at), thing.id)
        return (hashlib.sha256(thing.id.encode()).hexdigest(), thing.id)

    def _mark(self, thing: Thing) -> str:
        time, id = self._place(thing)
        return time if self.are_ties_passed else f"{time}|{id}"


def stamp(moment: datetime) -> str:
    """Sorts as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
