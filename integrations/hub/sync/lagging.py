"""Tells news from what a list only shows late: the index behind a list lags, by up to the overlap.

A list that was asked after a write of ours, or after a look at the thing, may still show it as it
was before; taken for a change of theirs that would undo the newer value here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from integrations.hub.merge.turns import Commit, Row
from integrations.hub.models import SyncRecord
from integrations.hub.sync.scene import Scene

# Further in the future than clocks go wrong, a date is no date.
AHEAD: Final = timedelta(minutes=5)


class Standing(Enum):
    """What a row of a list is worth."""

    NEWS = auto()
    OLD = auto()  # what is known is newer, and what is newer still will be listed, too
    UNSURE = auto()  # only a look at the thing itself can tell


class Age(Enum):
    """How theirs as it was told stands to theirs as it is known, by the vendor's own times."""

    NEWER = auto()
    OLDER = auto()
    UNTOLD = auto()  # no times, or equal ones: some vendors tell whole seconds only


def standing(scene: Scene, link: SyncRecord, step: Commit) -> Standing:
    """Their times decide where they differ; else the time that has passed since the last look.

    Where the vendor cannot be asked its lists are all there is.
    """
    age = _age_of_row(scene, link, step.row)
    is_recent = may_lag(scene, step)
    if age is Age.OLDER and is_recent:
        return Standing.OLD
    is_doubtful = age is Age.OLDER or (age is Age.UNTOLD and is_recent)
    if is_doubtful and scene.stream.read is not None and _contradicts(step):
        return Standing.UNSURE
    return Standing.NEWS


def age_of(told: datetime | None, known: datetime | None) -> Age:
    if told is None or known is None or told == known:
        return Age.UNTOLD
    return Age.NEWER if told > known else Age.OLDER


def is_newer(scene: Scene, link: SyncRecord, row: Row) -> bool:
    """Whether the row is newer than the thing as a whole is known, by the vendor's own times."""
    if believed(row.theirs.modified_at, row.read_at) is None:
        return False
    is_first = known_whole(scene, link, row.read_at) is None
    return is_first or _age_of_row(scene, link, row) is Age.NEWER


def believed(at: datetime | None, seen_at: datetime) -> datetime | None:
    """When theirs was written, unless that is in the future: it would hide all that follows."""
    return at if at is not None and at <= seen_at + AHEAD else None


def written_there(scene: Scene, at: datetime | None, seen_at: datetime) -> datetime | None:
    """The same by the vendor's clock, to be kept."""
    return scene.by_their_clock(believed(at, seen_at))


def known_whole(scene: Scene, link: SyncRecord, seen_at: datetime) -> datetime | None:
    """When the thing as a whole was written, by the vendor's clock."""
    return written_there(scene, scene.by_our_clock(link.remote_modified_at), seen_at)


def _age_of_row(scene: Scene, link: SyncRecord, row: Row) -> Age:
    told = written_there(scene, row.theirs.modified_at, row.read_at)
    return age_of(told, known_whole(scene, link, row.read_at))


def may_lag(scene: Scene, step: Commit) -> bool:
    """Whether a list that was asked then may not know yet what the last look has told."""
    folded_at, read_at = step.state.folded_at, step.row.read_at
    lag = timedelta(seconds=scene.state.overlap_seconds)
    return folded_at is not None and read_at - folded_at <= lag


def _contradicts(step: Commit) -> bool:
    """Whether it would change what was agreed on; a conflict that waits changes nothing."""
    planned, before = step.planned, step.state.base.theirs
    decided = {one.name for one in planned.conflicts if one.winner is not None}
    moved = {name for name, value in planned.base.theirs.items() if value != before.get(name)}
    return bool(before.keys() & {*planned.pulls, *decided, *moved})
