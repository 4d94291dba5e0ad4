"""What the merge is given and what it answers; frozen values, no database and no vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

Values = Mapping[str, Any]


BLANK: Final[tuple[Any, ...]] = (None, "", [], {})
# Stands before what a link of theirs led to, in what is known of it, once that thing is gone there:
# the vendor has dropped the link with the thing, and nobody has taken it away.
LOST: Final = "lost:"


class Side(StrEnum):
    """Whose value it is."""

    OURS = "ours"
    THEIRS = "theirs"


class Direction(StrEnum):
    """Which way a field travels."""

    BOTH = "both"
    PUSH = "push"
    PULL = "pull"


class Rule(StrEnum):
    """Who wins a field that both sides have changed since they last agreed."""

    OURS_WINS = "ours_wins"
    THEIRS_WINS = "theirs_wins"
    LAST_WRITE = "last_write"
    FIELD_PRIORITY = "field_priority"
    MANUAL = "manual"


class Untranslatable(ValueError):
    """A value that has no counterpart on the other side; the message is for a person.

    `waits_for` names the record it wants linked, where that would help.
    """

    waits_for: str = ""


class Codec(Protocol):
    """How one field is spelt on each side.

    `canonical_*` give one spelling to what that side treats as the same (a vendor may trim or lower
    what it is sent); all are pure, and only the translations raise Untranslatable.
    `is_stand_in`: what is made of this value here only stands for something that is unknown here.
    `lost`: what theirs is known as from now on, when it may be blank only because the thing that it
    names went: marked (LOST) once that is sure, unchanged while it is not; None when the thing was
    there all the time since the value was seen last (`seen_at`), or none is named.
    `to_theirs_again` sends such a one only once its thing is there again, and raises Untranslatable
    till then.
    """

    def canonical_ours(self, value: Any) -> Any: ...

    def canonical_theirs(self, value: Any) -> Any: ...

    def to_theirs(self, ours: Any) -> Any: ...

    def to_ours(self, theirs: Any) -> Any: ...

    def is_stand_in(self, theirs: Any) -> bool: ...

    def lost(self, theirs: Any, seen_at: datetime | None) -> Any: ...

    def to_theirs_again(self, ours: Any) -> Any: ...


@dataclass(frozen=True)
class MergeField:
    """One row of the mapping as the merge needs it.

    `rank` is this connection's place among the sources of the field (the higher one wins under
    FIELD_PRIORITY). Where the rule cannot tell who wins, as with two writes at one time, `fallback`
    does. When the field is new to the link and both sides hold a value, `first` does, unless the
    rule names a side or asks a person.
    `is_enforced` overwrites what the other side changed in a field that travels one way only.
    `is_consent`: whether somebody may be written to; a refusal counts before any rule (consent.py).
    """

    name: str
    codec: Codec
    direction: Direction = Direction.BOTH
    rule: Rule = Rule.LAST_WRITE
    rank: int = 0
    fallback: Side = Side.THEIRS
    first: Side = Side.THEIRS
    is_enforced: bool = False
    is_consent: bool = False


@dataclass(frozen=True)
class Ours:
    """Our record: `changed_at` and `ranks` by field, of the write that gave it its value."""

    values: Values
    version: int
    changed_at: Mapping[str, datetime] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Theirs:
    """The vendor's record as read; its time is corrected by the vendor's clock.

    `marker` is the key of our last write, where the vendor keeps a field for it (None elsewhere).
    """

    values: Values
    version: str = ""
    modified_at: datetime | None = None
    marker: str | None = None


@dataclass(frozen=True)
class Base:
    """What each side held when the two last agreed; a field that is missing never has.

    `seen_at` is when theirs was looked at last.
    """

    ours: Values = field(default_factory=dict)
    theirs: Values = field(default_factory=dict)
    seen_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Sent:
    """One field of a write: our value, and what it was sent as."""

    ours: Any
    sent: Any


@dataclass(frozen=True)
class Intent:
    """A write that was committed before its call and whose outcome is not known.

    One that `is_open` was never looked into; one that is not was, found nothing, and may still land
    late.
    """

    key: str
    fields: Mapping[str, Sent]
    is_open: bool = True


@dataclass(frozen=True)
class Conflict:
    """A field both sides changed; both values are kept whoever won. No winner: a person decides.

    `is_in_doubt`: an earlier write of ours may be what looks like a change of theirs.
    """

    name: str
    base: Any
    ours: Any
    theirs: Any
    rule: Rule
    winner: Side | None
    is_in_doubt: bool = False


@dataclass(frozen=True)
class Decision:
    """Whom a person let win, having seen these two values."""

    winner: Side
    ours: Any
    theirs: Any


@dataclass(frozen=True)
class Plan:
    """What one look at both sides leads to; `base` and `resolved` belong into one commit.

    `unseen` are the writes, with those of their fields, that have not landed so far and still may;
    one that has landed must not be looked for again, or it would set the base back later.
    `failures` are fields that cannot be translated, in words; `waits_for` the records they want
    linked (see Untranslatable).
    """

    pulls: Values
    pushes: Mapping[str, Sent]
    base: Base
    resolved: tuple[str, ...] = ()
    unseen: tuple[Intent, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    agreed: frozenset[str] = frozenset()
    diverging: frozenset[str] = frozenset()
    failures: Mapping[str, str] = field(default_factory=dict)
    waits_for: tuple[str, ...] = ()
