"""The mirror's vendor under the model checker: it also notes what no engine could have kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integrations.hub.engine.people import People, token
from tests.integrations.hub.mirror_tables import Thing
from tests.integrations.hub.mirror_vendor import MirrorVendor

# A write that lands later than this after it was sent is beyond what is promised.
LATEST_LANDING_SECONDS = 600
# Lists are never further behind than the overlap of the pulls, which is two minutes.
LONGEST_LAG_SECONDS = 100


@dataclass
class ModelVendor(MirrorVendor):
    """`weakly_lost` are values that stood between a look and a write at a vendor without a guard;
    `is_guard_declared`: such a vendor says it has one, so that nothing of the sort is excused.

    `made_for` says for which record of ours a thing was made through the API, `hidden` which things
    were deleted through it. `blind_reads` is how often a look finds nothing though it is there.
    """

    people: People | None = None
    named: Callable[[], set[str]] = set
    is_guard_declared: bool = False
    # Switched off by the gate, which is about what a vendor's side may get wrong.
    finds_anything: bool = True
    tells_merges: bool = True
    weakly_lost: set[int] = field(default_factory=set)
    made_for: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    read_at_version: dict[str, int] = field(default_factory=dict)
    blind_reads: int = 0
    late_seconds: float = 0
    lag_seconds: float = 0

    def time_passed(self, seconds: float) -> None:
        self.late_seconds = self.late_seconds + seconds if self.late else 0
        if self.late_seconds >= LATEST_LANDING_SECONDS:
            self.late.clear()
        self.lag_seconds += seconds
        if self.lag_seconds >= LONGEST_LAG_SECONDS:
            self.tables.lists_catch_up()

    def lists_lag(self) -> None:
        """Lists show what is there now for a while, whatever changes."""
        if self.tables.index is None:
            self.lag_seconds = 0
            self.tables.lists_stand_still()

    def _usual(self, kind: str, object: str, body: Any) -> Any:
        if kind == "read" and self.blind_reads:
            self.blind_reads -= 1
            return {"results": []}
        if kind == "find" and not self.finds_anything:
            return {"results": []}
        if kind == "delete":
            self._note_hidden(object, body["ids"])
        answer = super()._usual(kind, object, body)
        if not self.tells_merges:
            answer |= {"results": [one | {"former_ids": []} for one in answer.get("results", [])]}
        if kind == "read":
            for one in answer["results"]:
                self.read_at_version[one["id"]] = int(one["version"])
        return answer

    def _write(self, object: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One by one, so that each is seen before and after."""
        results = []
        for write in body["writes"]:
            overwritten = self._overwritten(object, write)
            before = len(self.tables.things[object])
            answer = super()._write(object, {"writes": [write]})
            results += answer["results"]
            if answer["results"][0]["status"] != 200:
                continue
            self.weakly_lost |= overwritten
            if len(self.tables.things[object]) > before:
                self.made_for[answer["results"][0]["record"]["id"]] = write["key"]
        return {"results": results}

    def _overwritten(self, object: str, write: Mapping[str, Any]) -> set[int]:
        """What a person typed there since the engine looked, and this write takes the place of."""
        thing = self.tables.things[object].get(write["id"] or "")
        if thing is None or self.is_guard_declared:
            return set()
        return self._unseen(thing, int(write["seen"] or 0), write["values"])

    def _note_hidden(self, object: str, ids: list[str]) -> None:
        for id in ids:
            thing = self.tables.things[object].get(id)
            if thing is not None and not thing.is_deleted:
                seen = self.read_at_version.get(id, 0)
                self.weakly_lost |= self._unseen(thing, seen, thing.values)
                # What the mapping does not name nobody has asked to be kept in step.
                unnamed = thing.values.keys() - self.named()
                self.weakly_lost |= {token(thing.values[name]) or 0 for name in unnamed}
                self.hidden.add(id)

    def _unseen(self, thing: Thing, seen: int, names: Mapping[str, Any]) -> set[int]:
        edits = self.people.edits_there if self.people else []
        return {
            one.number
            for one in edits
            if one.id == thing.id
            and one.field in names
            and one.version > seen
            and token(thing.values.get(one.field)) == one.number
        }
