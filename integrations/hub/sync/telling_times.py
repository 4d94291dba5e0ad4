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
from integrations.hub.sync.lagging import Age, age_of
from integrations.hub.sync.scene import Scene


@dataclass(frozen=True)
class Told:
    """When a value was written, by the vendor's clock, and when that came in, by ours."""

    written_at: datetime | None = None
    received_at: datetime | None = None

    def is_older(self, than: Told) -> bool:
        age = age_of(self.written_at, than.written_at)
        if age is Age.UNTOLD:
            age = age_of(self.received_at, than.received_at)
        return age is Age.OLDER

    def as_json(self) -> list[str | None]:
        return [one.isoformat() if one else None for one in (self.written_at, self.received_at)]


def told_of(scene: Scene, step: Commit, received_at: datetime | None) -> Told:
    return Told(scene.by_their_clock(step.row.theirs.modified_at), received_at)


def without_old(
    scene: Scene, link: SyncRecord, step: Commit, told: Told, names: Collection[str]
) -> Commit:
    """The step with what is known in the place of older values of the fields `names`."""
    known = {name: step.state.base.theirs[name] for name in _newer(link, step, told, names)}
    if not known:
        return step
    theirs = replace(step.row.theirs, values={**step.row.theirs.values, **known})
    if _whole(link).written_at and told.is_older(_whole(link)):
        # What is known as a whole is newer, and stays so.
        theirs = replace(theirs, version="", modified_at=None)
    row = replace(step.row, theirs=theirs)
    fields: Sequence[MergeField] = scene.fields
    return replace(step, row=row, planned=planned_of(fields, step.state, row))


def told_note(link: SyncRecord, told: Told, names: Collection[str]) -> None:
    """Keep when these fields were told; within the commit that takes them over."""
    if told == Told():
        return
    newer = [name for name in names if not told.is_older(_known(link, name))]
    link.told_at = {**link.told_at, **dict.fromkeys(newer, told.as_json())}
    SyncRecord.objects.filter(pk=link.pk).update(told_at=link.told_at)


def answers_note(
    scene: Scene, links: Mapping[int, SyncRecord], settles: Mapping[int, Settle]
) -> None:
    """What we wrote ourselves is known as of the answer; the other fields are not."""
    for pk, link in links.items():
        written_at = scene.by_their_clock(settles[pk].answer.modified_at)
        told_note(link, Told(written_at), settles[pk].planned.pushes.keys())


def _newer(link: SyncRecord, step: Commit, told: Told, names: Collection[str]) -> list[str]:
    known = step.state.base.theirs.keys() & set(names)
    return [name for name in known if told.is_older(_known(link, name))]


def _known(link: SyncRecord, name: str) -> Told:
    """When the field was told by itself, or with the whole thing, whichever is newer."""
    whole = _whole(link)
    kept: list[Any] | None = link.told_at.get(name)
    if kept is None:
        return whole
    alone = Told(*(one and datetime.fromisoformat(one) for one in kept))
    return whole if alone.is_older(whole) else alone


def _whole(link: SyncRecord) -> Told:
    return Told(link.remote_modified_at)
