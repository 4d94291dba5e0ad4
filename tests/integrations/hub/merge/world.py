"""Two sides and the people on them, for the model checker: every value knows what it replaced.

Nothing here looks at the bases: what may be lost is judged by who saw what when they typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.hub.errors import OutcomeUnknown, RetryLater
from integrations.hub.merge import (
    Base,
    Conflict,
    Intent,
    MergeField,
    Ours,
    Plan,
    Rule,
    Theirs,
)
from integrations.hub.merge.loop import NotApplied, Row, State, reconcile, settled

FIELDS = ("name", "phone")
START = datetime(2026, 1, 1, tzinfo=UTC)
# How long a write that was looked for in vain may still land; in the steps of this clock.
LATE = timedelta(seconds=600)


class Crash(Exception):
    """The process ends here."""


@dataclass(frozen=True)
class Config:
    """What kind of vendor and which rule this run is about."""

    rule: Rule
    is_guarded: bool
    has_marker: bool
    normalises: bool


@dataclass(frozen=True)
class Plain:
    """A field the vendor may trim and lower."""

    normalises: bool

    def canonical_ours(self, value: Any) -> Any:
        return value

    def canonical_theirs(self, value: Any) -> Any:
        return value.strip().lower() if self.normalises and isinstance(value, str) else value

    def to_theirs(self, ours: Any) -> Any:
        return ours

    def to_ours(self, theirs: Any) -> Any:
        return theirs

    def lost(self, theirs: Any, seen_at: datetime | None) -> Any:
        return None

    def to_theirs_again(self, ours: Any) -> Any:
        return self.to_theirs(ours)

    def is_stand_in(self, theirs: Any) -> bool:
        return False


@dataclass
class Ancestry:
    """Which value a person saw when typing the next one."""

    parents: dict[int, int | None] = field(default_factory=dict)

    def edit(self, seen: Any) -> str:
        number = len(self.parents) + 1
        self.parents[number] = token(seen)
        return f" V{number} "

    def is_older(self, one: int | None, other: int | None) -> bool:
        """Whether `one` was replaced, directly or not, by someone who made `other`."""
        while other is not None:
            if other == one:
                return True
            other = self.parents.get(other)
        return one is None


def token(value: Any) -> int | None:
    found = re.search(r"\d+", value) if isinstance(value, str) else None
    return int(found.group()) if found else None


@dataclass
class World:
    """Our record, their record, and the engine's memory of the pair."""

    config: Config
    ancestry: Ancestry = field(default_factory=Ancestry)
    now: datetime = START
    ours: dict[str, Any] = field(default_factory=dict)
    ours_changed: dict[str, datetime] = field(default_factory=dict)
    ours_version: int = 1
    theirs: dict[str, Any] = field(default_factory=dict)
    theirs_version: int = 1
    theirs_changed: datetime = START
    marker: str = ""
    base: Base = field(default_factory=Base)
    folded_at: datetime | None = None
    intents: list[Intent] = field(default_factory=list)
    ghosts: list[tuple[datetime, Intent]] = field(default_factory=list)
    late: list[tuple[datetime, dict[str, Any], str, Theirs]] = field(default_factory=list)
    log: list[Conflict] = field(default_factory=list)
    standing: dict[str, Conflict] = field(default_factory=dict)
    keys: int = 0
    writes: int = 0
    takes: int = 0
    script: list[str] = field(default_factory=list)
    script_fields: list[str] = field(default_factory=list)
    weakly_lost: set[int] = field(default_factory=set)
    weakly_landed: set[int] = field(default_factory=set)

    @property
    def fields(self) -> list[MergeField]:
        codec = Plain(self.config.normalises)
        return [MergeField(name, codec, rule=self.config.rule) for name in FIELDS]

    # --- People -------------------------------------------------------------------------------

    def edit_ours(self, name: str) -> None:
        self.tick()
        self.ours[name] = self.ancestry.edit(self.ours.get(name))
        self.ours_changed[name] = self.now
        self.ours_version += 1

    def edit_theirs(self, name: str) -> None:
        self.tick()
        self.theirs[name] = self._kept(self.ancestry.edit(self.theirs.get(name)))
        self._touch()

    def land_late(self) -> None:
        """Writes that timed out and are applied only now."""
        self.tick()
        for at, values, key, read in self.late:
            if self.is_guarded and read.version != str(self.theirs_version):
                continue
            if self.now - at < LATE:
                self._note_weak_landing(values, key)
                self._note_weak_loss(values, read)
                self._apply(values, key)
        self.late.clear()

    def tick(self, seconds: float = 5) -> None:
        self.now += timedelta(seconds=seconds)

    # --- What the engine is cut off by --------------------------------------------------------

    @contextmanager
    def disturbed(self, script: list[str], names: list[str]) -> Iterator[None]:
        self.script, self.script_fields = list(script), list(names)
        try:
            yield
        finally:
            self.script, self.script_fields = [], []

    def meanwhile(self, *allowed: str) -> str:
        """The next disturbance of the script, carried out; its word when the caller must act."""
        self.tick(1)
        word = self.script.pop(0) if self.script else ""
        if word in ("ours", "theirs"):
            name = self.script_fields.pop(0) if self.script_fields else FIELDS[0]
            self.edit_ours(name) if word == "ours" else self.edit_theirs(name)
        if word == "crash":
            raise Crash
        return word if word in allowed else ""

    # --- Their side ---------------------------------------------------------------------------

    @property
    def is_guarded(self) -> bool:
        return self.config.is_guarded

    def read(self, external_id: str) -> Row:
        self.meanwhile()
        return self.row()

    def row(self) -> Row:
        marker = self.marker if self.config.has_marker else None
        told = Theirs(dict(self.theirs), str(self.theirs_version), self.theirs_changed, marker)
        found = Row(told, self.now)
        self.tick(1)
        return found

    def write(
        self, external_id: str, values: Mapping[str, Any], *, key: str, read: Theirs
    ) -> Theirs:
        word = self.meanwhile("lost", "late", "down", "refused")
        if word == "down":
            raise RetryLater("refused connection")
        if word == "refused" or (self.is_guarded and read.version != str(self.theirs_version)):
            raise NotApplied
        if word == "late":
            self.late.append((self.now, dict(values), key, read))
            raise OutcomeUnknown("timed out")
        self._note_weak_loss(values, read)
        self._apply(values, key)
        if word == "lost":
            raise OutcomeUnknown("no answer")
        answer = self.row().theirs
        self.meanwhile()
        return answer

    def _apply(self, values: Mapping[str, Any], key: str) -> None:
        self.writes += 1
        self.theirs |= {name: self._kept(value) for name, value in values.items()}
        self.marker = key
        self._touch()

    def _kept(self, value: Any) -> Any:
        return value.strip().lower() if self.config.normalises else value

    def _touch(self) -> None:
        self.theirs_version += 1
        self.theirs_changed = self.now

    def _note_weak_loss(self, values: Mapping[str, Any], read: Theirs) -> None:
        """Without a guard, what a person did between our look and our write is overwritten."""
        for name in values:
            if self.theirs.get(name) != read.values.get(name):
                lost = token(self.theirs.get(name))
                if lost is not None:
                    self.weakly_lost.add(lost)

    def _note_weak_landing(self, values: Mapping[str, Any], key: str) -> None:
        """What was sent again and answered has been seen there: that the first try lands after it,
        without a guard or a mark, cannot be told from a person who types the old value again."""
        awaited = {one.key for one in (*self.intents, *(ghost for _, ghost in self.ghosts))}
        if key not in awaited and not self.config.has_marker:
            self.weakly_landed |= {one for one in map(token, values.values()) if one is not None}

    # --- Our side -----------------------------------------------------------------------------

    def load(self) -> State:
        self.meanwhile()
        self.ghosts = [(at, one) for at, one in self.ghosts if self.now - at < LATE]
        intents = [*(one for _, one in self.ghosts), *self.intents]
        ours = Ours(dict(self.ours), self.ours_version, dict(self.ours_changed))
        return State("1", ours, self.base, intents, folded_at=self.folded_at)

    def commit(self, state: State, row: Row, planned: Plan) -> str | None:
        self.meanwhile()
        if self.ours_version != state.ours.version:
            return None
        self._take(planned)
        self._log(planned)
        self.base, self.folded_at = planned.base, row.read_at
        since = {one.key: at for at, one in self.ghosts}
        self.ghosts = [(since.get(one.key, self.now), one) for one in planned.unseen]
        self.intents = [one for one in self.intents if one.key not in planned.resolved]
        key = ""
        if planned.pushes:
            self.keys += 1
            key = f"k{self.keys}"
            self.intents.append(Intent(key, planned.pushes))
        self.meanwhile()
        return key

    def drop(self, key: str) -> None:
        self.meanwhile()
        self.intents = [one for one in self.intents if one.key != key]

    def settle(self, key: str, planned: Plan, answer: Theirs) -> None:
        self.meanwhile()
        self.base = settled(self.fields, self.base, planned, answer)
        self.folded_at = self.now
        self.drop(key)

    def _take(self, planned: Plan) -> None:
        for name, value in planned.pulls.items():
            self.takes += 1
            self.ours[name] = value
            self.ours_changed[name] = self.now
            self.ours_version += 1

    def _log(self, planned: Plan) -> None:
        """As sync/clashes.py: one that waits for a person stays one, and in doubt."""
        before, self.standing = self.standing, {}
        for one in planned.conflicts:
            is_in_doubt = one.name in before and before[one.name].is_in_doubt
            kept = replace(one, is_in_doubt=is_in_doubt or one.is_in_doubt)
            if kept.winner is None:
                self.standing[one.name] = kept
            pair = (one.name, one.ours, one.theirs)
            if pair not in [(old.name, old.ours, old.theirs) for old in self.log]:
                self.log.append(kept)

    def come_to_rest(self) -> None:
        """Turns without disturbance, until nothing is written any more."""
        self.land_late()
        for _ in range(12):
            before = (self.writes, self.takes)
            reconcile(self, self, self.fields)
            if (self.writes, self.takes) == before:
                return
        raise AssertionError("the two sides never come to rest")

    # --- What must hold -----------------------------------------------------------------------

    def losers(self, name: str) -> list[Any]:
        return [value for one in self.log if one.name == name for value in (one.ours, one.theirs)]

    def lost(self) -> list[int]:
        """Values somebody typed that are nowhere: not final, not replaced by who saw them, not in
        the log of conflicts."""
        homes: dict[str, list[int | None]] = {
            name: [
                token(self.ours.get(name)),
                token(self.theirs.get(name)),
                *map(token, self.losers(name)),
                *self.weakly_lost,
            ]
            for name in FIELDS
        }
        every = [home for found in homes.values() for home in found]
        return [
            number
            for number in self.ancestry.parents
            if not any(self.ancestry.is_older(number, home) for home in every)
        ]
