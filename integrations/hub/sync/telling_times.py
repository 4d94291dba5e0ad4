"""What was told late or once more: a field that is known to be newer keeps its value.

Only where the vendor cannot be asked; elsewhere a look decides. What was written last counts, by
the vendor's own times; where it tells none, what came in last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from integrations.hub.merge import MergeField
from integrations.hub.merge.turns import Commit, Settle, planned_of
from integrations.hub.models import SyncRecord
from integrations.hub.sync.lagging import Age, age_of, known_whole, written_there
from integrations.hub.sync.scene import Scene


@dataclass(frozen=True)
class Told:
    """When a value was written, by the vendor's clock, and when that came in, by ours.

    Of an answer that tells no time it is known that it was written `after` what was known before.
    """

    written_at: datetime | None = None
    received_at: datetime | None = None
    after: datetime | None = None

    def is_older(self, than: Told) -> bool:
        age = age_of(self.written_at, than.written_at)
        if age is Age.UNTOLD and self.written_at and than.after:
            age = Age.OLDER if self.written_at <= than.after else age
        if age is Age.UNTOLD:
            age = age_of(self.received_at, than.received_at)
        return age is Age.OLDER

    def as_json(self) -> list[str | None]:
        times = [self.written_at, self.received_at, *([self.after] if self.after else [])]
        return [one.isoformat() if one else None for one in times]


def told_of(scene: Scene, step: Commit, received_at: datetime | None) -> Told:
    row = step.row
    return Told(written_there(scene, row.theirs.modified_at, row.read_at), received_at)


def undated(step: Commit) -> Commit:
    """Of the thing as a whole nothing was told, its time neither."""
    theirs = replace(step.row.theirs, modified_at=None)
    return replace(step, row=replace(step.row, theirs=theirs))


def pending_at(scene: Scene, link: SyncRecord, seen_at: datetime) -> datetime | None:
    """When the latest of what is not agreed on yet was written there, by our clock."""
    known = Known(scene, link, seen_at)
    times = [one.written_at for name in scene.pending_of(link) for one in known.of(name)]
    return scene.by_our_clock(max([at for at in times if at is not None], default=None))


def without_old(
    scene: Scene, link: SyncRecord, step: Commit, told: Told, names: Collection[str]
) -> Commit:
    """The step with what is known in the place of older values of the fields `names`."""
    known = Known(scene, link, step.row.read_at)
    held = scene.known_of(link)
    newer = {name: held[name] for name in held.keys() & set(names) if known.is_newer(told, name)}
    if not newer:
        return step
    theirs = replace(step.row.theirs, values={**step.row.theirs.values, **newer})
    if told.is_older(known.whole):
        # What is known as a whole is newer, and stays so.
        theirs = replace(theirs, version="", modified_at=None)
    row = replace(step.row, theirs=theirs)
    fields: Sequence[MergeField] = scene.fields
    return replace(step, row=row, planned=planned_of(fields, step.state, row))


def told_note(
    scene: Scene, link: SyncRecord, told: Told, names: Collection[str], *, seen_at: datetime
) -> None:
    """Keep when these fields were told; within the commit that takes them over."""
    if told != Told():
        known = Known(scene, link, seen_at)
        known.note(told, [name for name in names if not known.is_newer(told, name)])


def answers_note(
    scene: Scene,
    links: Mapping[int, SyncRecord],
    settles: Mapping[int, Settle],
    *,
    answered_at: datetime,
) -> None:
    """What we wrote ourselves is known as of the answer; the other fields are not.

    What came in before the answer is older, though the answer may tell no time.
    """
    for pk, link in links.items():
        written_at = written_there(scene, settles[pk].answer.modified_at, answered_at)
        told = Told(written_at, answered_at)
        Known(scene, link, answered_at).note(told, settles[pk].planned.pushes.keys())


def made_times(
    written_at: datetime | None, names: Collection[str], *, sent_at: datetime
) -> dict[str, Any]:
    """When the fields of a thing that we made were told.

    As of the sending, not of the answer: nothing that is told of a new thing can be older than its
    make, but some vendors answer a make with a thing they have already.
    """
    return dict.fromkeys(names, Told(written_at, sent_at).as_json())


@dataclass(frozen=True)
class Known:
    """What is known of when a linked thing was written; dates that are in the future are not."""

    scene: Scene
    link: SyncRecord
    seen_at: datetime

    @property
    def whole(self) -> Told:
        return Told(known_whole(self.scene, self.link, self.seen_at))

    def of(self, name: str) -> list[Told]:
        """When the field was told with the whole thing, and by itself."""
        kept: list[Any] | None = self.link.told_at.get(name)
        if not kept:
            return [self.whole]
        alone = Told(*(one and datetime.fromisoformat(one) for one in kept))
        at = self.scene.by_our_clock(alone.written_at)
        return [self.whole, replace(alone, written_at=written_there(self.scene, at, self.seen_at))]

    def is_newer(self, told: Told, name: str) -> bool:
        return any(told.is_older(one) for one in self.of(name))

    def note(self, told: Told, names: Collection[str]) -> None:
        """Of these fields this is known from now on."""
        if not names:
            return
        noted = {name: self._following(told, name).as_json() for name in names}
        self.link.told_at = {**self.link.told_at, **noted}
        SyncRecord.objects.filter(pk=self.link.pk).update(told_at=self.link.told_at)

    def _following(self, told: Told, name: str) -> Told:
        """What was older than what was known before stays so, whatever time is told now."""
        known = [time for one in self.of(name) for time in (one.written_at, one.after) if time]
        if told.written_at is None:
            return replace(told, after=max(known, default=None))
        return replace(told, written_at=max([told.written_at, *known]))
