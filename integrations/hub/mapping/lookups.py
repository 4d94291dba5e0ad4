"""The steps that look into a connection's tables: linked records, people, choices that are records.

Frozen values that hold table objects (see tables.py); they belong to one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from integrations.hub.mapping.transforms import Transform, text_of
from integrations.hub.merge import Untranslatable
from integrations.hub.merge.types import LOST
from integrations.hub.streams import LONGEST_ID

# Stands before the vendor's id of a person who is nobody here, in the spelling that is compared:
# once the person is known here, their records count as changed, and get their owner.
UNMAPPED: Final = "unmapped:"


class Fate(StrEnum):
    """What has become of a thing of theirs that a link led to."""

    THERE = "there"
    DOUBTED = "doubted"  # a list left it out; it is asked for before that is believed
    GONE = "gone"


class Unlinked(Untranslatable):
    """A link to a record that has no counterpart yet; looked at anew once it has.

    `waits_for` is `<object>:<external id>` or `<record type>:<our id>`.
    """

    def __init__(self, words: str, *, waits_for: str) -> None:
        super().__init__(words)
        self.waits_for = waits_for


class LinkTable(Protocol):
    """The links between one object of the vendor's and one record type of ours."""

    @property
    def object(self) -> str: ...

    @property
    def record_type(self) -> str: ...

    def ours_of(self, external_id: str) -> int | None: ...

    def theirs_of(self, local_id: int) -> str | None: ...

    def fate_of(self, external_id: str) -> Fate: ...

    def was_away_after(self, external_id: str, at: datetime) -> bool: ...


@dataclass(frozen=True)
class NoLinks:
    """What a link knows outside a connection: nothing."""

    object: str = ""
    record_type: str = ""

    def ours_of(self, external_id: str) -> int | None:
        return None

    def theirs_of(self, local_id: int) -> str | None:
        return None

    def fate_of(self, external_id: str) -> Fate:
        return Fate.THERE

    def was_away_after(self, external_id: str, at: datetime) -> bool:
        return False


@dataclass(frozen=True)
class Link:
    """A link to another record: the vendor's id of its counterpart, our id of the record."""

    name: str
    table: LinkTable = field(default_factory=NoLinks, compare=False, repr=False)

    def decode(self, theirs: Any) -> int:
        external_id = text_of(theirs)
        if len(external_id) > LONGEST_ID:
            raise Untranslatable(f"{self.name}: {external_id[:20]}… is too long to be an id.")
        found = self.table.ours_of(external_id)
        if found is None:
            words = f"{self.name} {external_id} is not linked to a record here yet."
            raise Unlinked(words, waits_for=f"{self.name}:{external_id}")
        return found

    def encode(self, ours: Any) -> str:
        local_id = _id(ours)
        found = self.table.theirs_of(local_id)
        if found is None:
            raise self._absent(local_id)
        return found

    def demand(self, ours: Any, theirs: str) -> None:
        """Raises Unlinked where the counterpart was not found there."""
        if self.table.fate_of(theirs) != Fate.THERE:
            raise self._absent(_id(ours))

    def _absent(self, local_id: int) -> Unlinked:
        words = f"{self.table.record_type} {local_id} has no counterpart there yet."
        return Unlinked(words, waits_for=f"{self.table.record_type}:{local_id}")

    def lost(self, theirs: Any, seen_at: datetime | None) -> str | None:
        """The link as one that went with its thing; None where somebody has taken it away.

        A thing that was away since the link was seen last took it along, though it is back: many
        records would else lose what a mistake there dropped, and was undone there. One that no
        list has, and nobody can be asked for, is looked at later.
        """
        said = text_of(theirs)
        if said.startswith(LOST):
            return said
        fate = self.table.fate_of(said)
        if fate == Fate.THERE:
            was_away = seen_at is not None and self.table.was_away_after(said, seen_at)
            return LOST + said if was_away else None
        return LOST + said if fate == Fate.GONE else said


@dataclass(frozen=True)
class People:
    """Who is who: users by the vendor's id, and for each user the id that records are given to.

    `fallback` gets the records of people who are nobody here.
    """

    users: Mapping[str, int] = field(default_factory=dict)
    externals: Mapping[int, str] = field(default_factory=dict)
    fallback: int | None = None


@dataclass(frozen=True)
class Owner:
    """A person: the vendor's id of theirs, our user's id.

    Records of a person who is nobody here go to the fallback, unless they have an owner here. That
    is never sent back: the spelling that is compared keeps the stranger apart from the fallback's
    own counterpart. `find` is called for the first person only: most looks at a stream bring none.
    """

    name: str = ""
    find: Callable[[], People] = field(default=People, compare=False, repr=False)

    @property
    def people(self) -> People:
        return self.find()

    def decode(self, theirs: Any) -> int:
        external_id = text_of(theirs).removeprefix(UNMAPPED)
        user = self.people.users.get(external_id, self.people.fallback)
        if user is None:
            raise Untranslatable(f"Owner {external_id} is nobody here, and there is no admin.")
        return user

    def encode(self, ours: Any) -> str:
        user = _id(ours)
        if user not in self.people.externals:
            raise Untranslatable("The owner has no counterpart there: match them under People.")
        return self.people.externals[user]

    def spelling(self, theirs: Any) -> str:
        """What is compared: one id for one person of ours, and strangers marked as such."""
        external_id = text_of(theirs).removeprefix(UNMAPPED)
        user = self.people.users.get(external_id)
        if user is None:
            return UNMAPPED + external_id
        return self.people.externals.get(user, external_id)

    def is_stranger(self, theirs: Any) -> bool:
        return text_of(theirs).removeprefix(UNMAPPED) not in self.people.users


@dataclass(frozen=True)
class Reference:
    """A choice that is a record of ours, such as a stage; by a table of values, ours being ids."""

    name: str
    theirs: Mapping[str, int] = field(default_factory=dict)
    ours: Mapping[int, str] = field(default_factory=dict)

    def decode(self, theirs: Any) -> int:
        key = text_of(theirs)
        if key not in self.theirs:
            words = f"{key!r} of theirs means nothing here yet: add it to the values of {self.name}"
            raise Untranslatable(f"{words}.")
        return self.theirs[key]

    def encode(self, ours: Any) -> str:
        local_id = _id(ours)
        if local_id not in self.ours:
            words = f"Number {local_id} has no counterpart there yet"
            raise Untranslatable(f"{words}: add it to the values of {self.name}.")
        return self.ours[local_id]


LOOKUPS: Final[Mapping[str, Callable[..., Transform]]] = {
    "link": Link,
    "owner": Owner,
    "reference": Reference,
}


def _id(value: Any) -> int:
    try:
        return int(text_of(value))
    except ValueError:
        raise Untranslatable(f"{value!r} is no number of a record.") from None
