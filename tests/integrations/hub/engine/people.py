"""People at work on both sides, for the model checker: every value knows what it replaced.

Nothing here looks at the bases: what may be lost is judged by who saw what when they typed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from crm.models import Contact, Workspace
from crm.services.contacts import contact_archive, contact_create, contact_restore, contact_update
from integrations.hub.models import LinkState, SyncRecord
from tests import factories
from tests.integrations.hub.mirror_tables import Thing
from tests.integrations.hub.mirror_vendor import MirrorVendor

ORIGIN = factories.TEST_ORIGIN
OBJECT = "people"
KEYS = ("ann@x.test", "bob@x.test", "cyd@x.test")
OURS = ("first_name", "title")
THEIRS = ("first_name", "title", "last_name")
# How much earlier an edit there may be dated, so that ours is the later by the clock.
EARLIER = timedelta(seconds=60)


def token(value: Any) -> int | None:
    """The number of a value somebody typed."""
    found = re.fullmatch(r"\s*v(\d+)\s*", str(value), re.IGNORECASE)
    return int(found.group(1)) if found else None


@dataclass
class Ancestry:
    """Which value a person saw when typing the next one."""

    parents: dict[int, int | None] = field(default_factory=dict)

    def typed(self, seen: Any) -> str:
        number = len(self.parents) + 1
        self.parents[number] = token(seen)
        return f"V{number}"

    def is_older(self, one: int | None, other: int | None) -> bool:
        """Whether `one` was replaced, directly or not, by someone who made `other`."""
        while other is not None:
            if other == one:
                return True
            other = self.parents.get(other)
        return one is None


@dataclass(frozen=True)
class EditThere:
    """What a person typed there, and in which version of the thing it first stood."""

    id: str
    field: str
    version: int
    number: int


@dataclass
class People:
    """Ours and theirs; each finds the record meant by a number, among those that are there."""

    workspace: Workspace
    vendor: MirrorVendor
    ancestry: Ancestry = field(default_factory=Ancestry)
    edits_there: list[EditThere] = field(default_factory=list)
    made_here: Counter[str] = field(default_factory=Counter)
    made_there: Counter[str] = field(default_factory=Counter)
    # Things that somebody there has deleted or merged away, be they there again.
    taken_away: set[str] = field(default_factory=set)
    # Whether two may have met that never agreed on anything, or not any more.
    are_met_anew: bool = False

    # --- Here ---------------------------------------------------------------------------------

    def contacts(self) -> list[Contact]:
        return list(Contact.objects.filter(workspace=self.workspace).order_by("pk"))

    def make_here(self, key: str) -> None:
        """Nobody types a person in who is there already, or is about to be."""
        if self._is_here(key):
            return
        values = {"email": key} | {name: self.ancestry.typed(None) for name in OURS[:1]}
        contact_create(workspace=self.workspace, values=values, origin=ORIGIN)
        self.made_here[key] += 1
        self._meet(key)

    def edit_here(self, number: int, name: str) -> None:
        alive = [one for one in self.contacts() if one.archived_at is None]
        if alive:
            one = alive[number % len(alive)]
            value = self.ancestry.typed(getattr(one, name))
            contact_update(one, values={name: value}, origin=ORIGIN)

    def hide_or_show_here(self, number: int) -> None:
        contacts = self.contacts()
        self.are_met_anew = True
        if contacts:
            one = contacts[number % len(contacts)]
            if one.archived_at is None:
                contact_archive(one, origin=ORIGIN)
            elif not self._is_here(one.email):
                contact_restore(one, origin=ORIGIN)

    def _is_here(self, key: str) -> bool:
        """Also one that leads to that person since a merge there, and takes over the address now:
        whoever then brings the person in by hand has two, and is told so."""
        alive = {one.pk: one.email for one in self.contacts() if one.archived_at is None}
        links = SyncRecord.objects.filter(local_id__in=list(alive), state=LinkState.ACTIVE)
        led_to = links.values_list("external_id", flat=True)
        there = [self.vendor.get(OBJECT, id).values.get("email") for id in led_to]
        return key in alive.values() or key in there

    # --- There --------------------------------------------------------------------------------

    def things(self) -> list[Thing]:
        """What is there, the deleted too; not what was merged away."""
        things = self.vendor.tables.things[OBJECT].values()
        return [one for one in things if not one.merged_into]

    def living(self) -> list[Thing]:
        return [one for one in self.things() if not one.is_deleted]

    def make_there(self, key: str) -> None:
        if any(one.values.get("email") == key for one in self.living()):
            return
        value = self.ancestry.typed(None)
        id = self.vendor.add(OBJECT, email=key, first_name=value)
        self._note(id, "first_name", value)
        self.made_there[key] += 1
        self._meet(key)

    def edit_there(self, number: int, name: str, *, is_earlier: bool = False) -> None:
        """`is_earlier`: their clock says that it was a minute ago."""
        alive = self.living()
        if not alive:
            return
        one = alive[number % len(alive)]
        value = self.ancestry.typed(one.values.get(name))
        self.vendor.rules.offset = -EARLIER if is_earlier else timedelta(0)
        self.vendor.edit(OBJECT, one.id, **{name: value})
        self.vendor.rules.offset = timedelta(0)
        self._note(one.id, name, value)

    def delete_or_restore_there(self, number: int) -> None:
        things = self.things()
        self.are_met_anew = True
        if not things:
            return
        one = things[number % len(things)]
        if not one.is_deleted:
            self.vendor.remove(OBJECT, one.id)
            self.taken_away.add(one.id)
        elif not any(two.values.get("email") == one.values.get("email") for two in self.living()):
            self.vendor.tables.restore(OBJECT, one.id)

    def merge_there(self, number: int) -> None:
        """Two that are there become one; the person has seen both."""
        alive = self.living()
        self.are_met_anew = True
        if len(alive) > 1:
            winner = alive[number % len(alive)]
            loser = alive[(number + 1) % len(alive)]
            self.vendor.merge(OBJECT, winner.id, loser.id)
            self.taken_away |= {loser.id} | ({winner.id} if winner.merged_into else set())

    def _meet(self, key: str) -> None:
        if self.made_here[key] and self.made_there[key]:
            self.are_met_anew = True

    def _note(self, id: str, name: str, value: str) -> None:
        version = self.vendor.get(OBJECT, id).version
        self.edits_there.append(EditThere(id, name, version, token(value) or 0))
