"""Who wins a field that both sides have changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from integrations.hub.merge.types import MergeField, Ours, Rule, Side, Theirs

# Two clocks that are this near cannot say who wrote last.
TIE: Final = timedelta(seconds=2)


def winner_of(one: MergeField, ours: Ours, theirs: Theirs, *, is_first: bool) -> Side | None:
    """Where the two first meet, a rule that names nobody leaves it to `first`.

    Times and ranks are of whole records and of imports then, and say nothing of who saw the other's
    value: a field that is mapped anew would overwrite thousands of records on their word.
    """
    if one.rule == Rule.MANUAL:
        return None
    if one.rule == Rule.OURS_WINS:
        return Side.OURS
    if one.rule == Rule.THEIRS_WINS:
        return Side.THEIRS
    if is_first:
        return one.first
    rank = ours.ranks.get(one.name, one.rank)
    if one.rule == Rule.FIELD_PRIORITY and rank != one.rank:
        return Side.OURS if rank > one.rank else Side.THEIRS
    return _later(ours.changed_at.get(one.name), theirs.modified_at) or one.fallback


def _later(ours: datetime | None, theirs: datetime | None) -> Side | None:
    if ours is None or theirs is None or abs(ours - theirs) < TIE:
        return None
    return Side.OURS if ours > theirs else Side.THEIRS
