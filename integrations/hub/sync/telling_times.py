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
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync.lagging import Age, age_of
from integrations.hub.sync.remote import database_now
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
    if told != Told():
        newer = [name for name in names if not _is_old(told, link, name)]
        _note(link, dict.fromkeys(newer, told))


def answers_note(
    scene: Scene, links: Mapping[int, SyncRecord], settles: Mapping[int, Settle]
) -> None:
    """What we wrote ourselves is known as of the answer; the other fields are not.

    What came in before the answer is older, though the answer may tell no time.
    """
    answered_at = database_now()
    for pk, link in links.items():
        told = Told(scene.by_their_clock(settles[pk].answer.modified_at), answered_at)
        names = settles[pk].planned.pushes
        _note(link, {name: _answered(told, link, name) for name in names})


def made_times(record: RemoteRecord, names: Collection[str], sent_at: datetime) -> dict[str, Any]:
    """When the fields of a thing that we made were told.

    As of the sending, not of the answer: nothing that is told of a new thing can be older than its
    make, but some vendors answer a make with a thing they have already.
    """
    return dict.fromkeys(names, Told(record.modified_at, sent_at).as_json())


def _answered(told: Told, link: SyncRecord, name: str) -> Told:
    """What was known to be older than what is known now stays so, whatever the answer tells."""
    known = [time for one in _known(link, name) for time in (one.written_at, one.after) if time]
    if told.written_at is None:
        return replace(told, after=max(known, default=None))
    return replace(told, written_at=max([told.written_at, *known]))


def _note(link: SyncRecord, told: Mapping[str, Told]) -> None:
    link.told_at = {**link.told_at, **{name: one.as_json() for name, one in told.items()}}
    SyncRecord.objects.filter(pk=link.pk).update(told_at=link.told_at)


def _newer(link: SyncRecord, step: Commit, told: Told, names: Collection[str]) -> list[str]:
    known = step.state.base.theirs.keys() & set(names)
    return [name for name in known if _is_old(told, link, name)]


def _is_old(told: Told, link: SyncRecord, name: str) -> bool:
    return any(told.is_older(one) for one in _known(link, name))


def _known(link: SyncRecord, name: str) -> list[Told]:
    """When the field was told with the whole thing, and by itself."""
    kept: list[Any] | None = link.told_at.get(name)
    alone = [Told(*(one and datetime.fromisoformat(one) for one in kept))] if kept else []
    return [_whole(link), *alone]


def _whole(link: SyncRecord) -> Told:
    return Told(link.remote_modified_at)
