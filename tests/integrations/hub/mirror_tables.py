"""What the mirror's vendor keeps: things with versions and times, merges, and who typed what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.integrations.hub.mirror_rules import Rules

FIELDS: Mapping[str, tuple[str, ...]] = {
    "companies": ("domain", "name", "phone", "city", "industry", "owner_id"),
    "people": (
        "email",
        "first_name",
        "last_name",
        "phone",
        "title",
        "company_id",
        "owner_id",
        "status",
        "news",
    ),
    "deals": ("title", "amount", "currency", "stage_id", "pipeline_id", "company_id", "person_id"),
}
UNIQUE = {"companies": "domain", "people": "email"}
MARKERS = ("nexa_id", "nexa_rev")


def trimmed(value: Any) -> Any:
    """What a vendor does that trims and lowers what it is sent."""
    return value.strip().lower() if isinstance(value, str) else value


@dataclass
class Thing:
    """One record at the vendor."""

    id: str
    values: dict[str, Any]
    modified_at: datetime
    version: int = 1
    is_deleted: bool = False
    is_erased: bool = False
    merged_into: str = ""
    former_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Typed:
    """A value a person typed at the vendor, and the one it took the place of."""

    object: str
    id: str
    field: str
    value: Any
    replaced: Any


class Refusal(Exception):
    """One write that the vendor does not take, with the status it is answered by."""

    def __init__(self, status: int, message: str, existing_id: str = "") -> None:
        self.status = status
        self.existing_id = existing_id
        super().__init__(message)


@dataclass
class Tables:
    """All things of one account, by object and id; the caller holds the lock."""

    rules: Rules = field(default_factory=Rules)
    things: dict[str, dict[str, Thing]] = field(
        default_factory=lambda: {name: {} for name in FIELDS}
    )
    typed: list[Typed] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    refuses: Callable[[str, Mapping[str, Any]], str] | None = None
    made_by_key: dict[str, str] = field(default_factory=dict)
    frozen_at: datetime | None = None
    # What lists go on telling of things that have changed since; None where they are up to date.
    index: dict[str, dict[str, Thing]] | None = None
    numbers: int = 100

    # --- Time ---------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The vendor's own clock."""
        at = (self.frozen_at or datetime.now(UTC)) + self.rules.offset
        step = self.rules.resolution
        return at - (at - datetime(2000, 1, 1, tzinfo=UTC)) % step

    # --- People at the vendor -----------------------------------------------------------------

    def add(self, object: str, **values: Any) -> str:
        """A person makes a record; its id."""
        thing = self._made(object, self._kept(values))
        self._note(thing, object, values, {})
        self._tell(object, thing, "created")
        return thing.id

    def edit(self, object: str, id: str, **values: Any) -> Thing:
        """A person changes a record."""
        thing = self.things[object][id]
        before = dict(thing.values)
        thing.values |= self._kept(values)
        self._touch(thing)
        self._note(thing, object, values, before)
        self._tell(object, thing, "changed")
        return thing

    def remove(self, object: str, id: str, *, is_erased: bool = False) -> None:
        """A person deletes a record, or privacy law does."""
        thing = self.things[object][id]
        thing.is_deleted, thing.is_erased = True, is_erased
        if is_erased:
            thing.values = {}
        self._touch(thing)
        self._tell(object, thing, "deleted")

    def restore(self, object: str, id: str) -> None:
        thing = self.things[object][id]
        thing.is_deleted = False
        self._touch(thing)
        self._tell(object, thing, "changed")

    def merge(self, object: str, winner_id: str, loser_id: str) -> None:
        """A person merges two records: what the winner lacked the loser gives."""
        winner, loser = self.things[object][winner_id], self.things[object][loser_id]
        lacking = {name: value for name, value in loser.values.items() if name not in MARKERS}
        values = lacking | {k: v for k, v in winner.values.items() if v not in ("", None)}
        survivor = self._made(object, values) if self.rules.merges_anew else winner
        survivor.values = values
        for one in [loser] if survivor is winner else [winner, loser]:
            survivor.former_ids += [one.id, *one.former_ids]
            one.merged_into = survivor.id
            self._touch(one)
        self._touch(survivor)
        self._tell(object, survivor, "merged")

    # --- Calls --------------------------------------------------------------------------------

    def found(self, object: str, id: str) -> Thing | None:
        """The thing that answers for the id: itself, or the one it was merged into."""
        thing = self.things[object].get(id)
        while thing is not None and thing.merged_into:
            if not self.rules.answers_merged:
                return None
            thing = self.things[object].get(thing.merged_into)
        return thing

    def listed(self, object: str, since: str, after: str) -> list[Thing]:
        """Things of a page, the least recently changed first; `after` is `<time>|<id>`."""
        until = self.now() - self.rules.lag
        rows = [
            thing
            for thing in map(partial(self._indexed, object), self.things[object].values())
            if not thing.merged_into
            and thing.modified_at <= until
            and (not thing.is_deleted or self.rules.lists_deleted)
            and (not since or thing.modified_at >= datetime.fromisoformat(since))
        ]
        rows.sort(key=place_of)
        if after:
            moment, _, id = after.partition("|")
            rows = [row for row in rows if place_of(row) > (datetime.fromisoformat(moment), id)]
        return rows

    def lists_stand_still(self) -> None:
        """From now on lists show old values, while reads and writes show what is there."""
        self.index = deepcopy(self.things)

    def lists_catch_up(self) -> None:
        self.index = None

    def _indexed(self, object: str, thing: Thing) -> Thing:
        """As lists know it: whether it is there they know at once, what it holds later."""
        old = self.index[object].get(thing.id) if self.index is not None else None
        if old is None or old.is_deleted:
            return thing
        return replace(thing, values=old.values, version=old.version, modified_at=old.modified_at)

    def holding(self, object: str, key: str, value: str) -> list[Thing]:
        wanted = str(value).strip().lower()
        return [
            thing
            for thing in self.things[object].values()
            if not thing.is_deleted
            and not thing.merged_into
            and str(thing.values.get(key, "")).lower() == wanted
        ]

    def write(self, object: str, write: Mapping[str, Any]) -> Thing:
        """Carry one write of the API out; raises Refusal."""
        values = {k: v for k, v in write["values"].items() if k not in self.rules.ignored}
        self._check(object, values)
        if not write["id"]:
            return self._make(object, values, write["key"])
        thing = self.things[object].get(write["id"])
        if thing is None or thing.is_deleted or thing.merged_into:
            raise Refusal(404, "There is no such record.")
        expected = write.get("if_match")
        if self.rules.is_guarded and expected and expected != str(thing.version):
            raise Refusal(412, "The record has changed.")
        self._check_unique(object, values, thing.id)
        thing.values |= self._kept(values)
        self._touch(thing)
        self._tell(object, thing, "changed")
        return thing

    def archive(self, object: str, id: str) -> None:
        thing = self.things[object].get(id)
        if thing is not None and not thing.is_deleted:
            thing.is_deleted = True
            self._touch(thing)
            self._tell(object, thing, "deleted")

    def told(self, object: str, thing: Thing) -> dict[str, Any]:
        """A thing as the API answers it."""
        values = {name: thing.values.get(name) or "" for name in FIELDS[object]}
        if self.rules.has_markers:
            values |= {name: thing.values.get(name) or "" for name in MARKERS}
        return {
            "id": thing.id,
            "values": {} if thing.is_deleted else values,
            "version": str(thing.version) if self.rules.has_versions else "",
            "modified_at": thing.modified_at.isoformat() if self.rules.has_times else "",
            "is_deleted": thing.is_deleted,
            "is_erased": thing.is_erased,
            "former_ids": thing.former_ids,
        }

    # --- Inside -------------------------------------------------------------------------------

    def _make(self, object: str, values: Mapping[str, Any], key: str) -> Thing:
        if self.rules.is_idempotent and key in self.made_by_key:
            return self.things[object][self.made_by_key[key]]
        self._check_unique(object, values, "")
        thing = self._made(object, self._kept(values))
        self.made_by_key[key] = thing.id
        self._tell(object, thing, "created")
        return thing

    def _made(self, object: str, values: dict[str, Any]) -> Thing:
        self.numbers += 1
        thing = Thing(f"{object[0]}{self.numbers}", values, self.now())
        self.things[object][thing.id] = thing
        return thing

    def _check(self, object: str, values: Mapping[str, Any]) -> None:
        unknown = values.keys() - set(FIELDS[object]) - set(MARKERS)
        if unknown:
            raise Refusal(422, f"There is no field {min(unknown)}.")
        said = self.refuses(object, values) if self.refuses else ""
        if said:
            raise Refusal(422, said)

    def _check_unique(self, object: str, values: Mapping[str, Any], id: str) -> None:
        name = UNIQUE.get(object, "")
        value = values.get(name)
        if not (self.rules.is_unique and value):
            return
        others = [one for one in self.holding(object, name, str(value)) if one.id != id]
        if others:
            told = others[0].id if self.rules.tells_existing_id else ""
            raise Refusal(409, f"A record with this {name} exists already.", told)

    def _kept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        spelt = self.rules.normalised
        return {name: spelt[name](v) if name in spelt else v for name, v in values.items()}

    def _touch(self, thing: Thing) -> None:
        thing.version += 1
        thing.modified_at = self.now()

    def _note(
        self, thing: Thing, object: str, values: Mapping[str, Any], before: Mapping[str, Any]
    ) -> None:
        for name in values:
            value = thing.values[name]
            self.typed.append(Typed(object, thing.id, name, value, before.get(name)))

    def _tell(self, object: str, thing: Thing, what: str) -> None:
        self.events.append(
            {
                "id": f"evt_{len(self.events) + 1}",
                "kind": f"{object}.{what}",
                "object": object,
                "record": self.told(object, thing),
            }
        )


def place_of(thing: Thing) -> tuple[datetime, str]:
    """Where a thing stands in a listing."""
    return (thing.modified_at, thing.id)
