"""What becomes of a field that says whether somebody may be written to, where the sides differ.

A refusal counts on whichever side it was said, before any rule of the mapping, and no sync takes it
back: only a person does, who says yes here where both sides knew of the no, or who decides for the
yes of theirs in the conflict that it becomes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crm.rules.consent import answer_of
from integrations.hub.merge.draft import Draft
from integrations.hub.merge.types import BLANK, Direction, MergeField, Side, Untranslatable


class Verdict(StrEnum):
    """What to do with it, instead of what its rule and its times would say.

    TAKE the refusal over to the other side, ASK a person, or LEAVE each side its own.
    """

    TAKE = "take"
    ASK = "ask"
    LEAVE = "leave"


@dataclass(frozen=True)
class Meeting:
    """What each side holds, and whether it is news since the two last agreed."""

    ours: Any
    theirs: Any
    is_ours_new: bool
    are_theirs_new: bool


def refusal_settles(draft: Draft, one: MergeField, met: Meeting) -> bool:
    """Whether a refusal has settled the field; a new yes that yields to it is kept as a conflict.

    Raises Untranslatable where theirs cannot be read: nothing overwrites what may be a refusal.
    """
    ours, theirs = answer_of(met.ours), _answer_there(one, met)
    if ours is False:
        verdict = _refused_here(one, met, theirs)
    elif theirs is False:
        verdict = _refused_there(draft, one, met, ours)
    else:
        return False
    if verdict is not None:
        _carry_out(draft, one, met, verdict, refuser=Side.OURS if ours is False else Side.THEIRS)
    return verdict is not None


def _answer_there(one: MergeField, met: Meeting) -> bool | None:
    try:
        return answer_of(one.codec.to_ours(met.theirs))
    except Untranslatable:
        if answer_of(met.ours) is False:
            return None
        raise


def _refused_there(
    draft: Draft, one: MergeField, met: Meeting, ours: bool | None
) -> Verdict | None:
    is_opt_in = ours is True and answer_of(draft.base_ours.get(one.name)) is False
    if is_opt_in and met.is_ours_new and not met.are_theirs_new:
        # Had the yes landed before, the no would be a newer word.
        is_in_doubt = one.direction != Direction.PULL and one.name in draft.doubtful
        return Verdict.ASK if is_in_doubt else None
    return Verdict.LEAVE if one.direction == Direction.PUSH else Verdict.TAKE


def _refused_here(one: MergeField, met: Meeting, theirs: bool | None) -> Verdict | None:
    if one.direction == Direction.PULL:
        return Verdict.LEAVE
    if one.direction == Direction.PUSH or not met.are_theirs_new:
        return None
    is_asked = theirs is True and not met.is_ours_new
    return Verdict.ASK if is_asked else Verdict.TAKE


def _carry_out(
    draft: Draft, one: MergeField, met: Meeting, verdict: Verdict, *, refuser: Side
) -> None:
    clash = draft.conflict(one, met.ours, met.theirs, None if verdict == Verdict.ASK else refuser)
    if verdict == Verdict.LEAVE:
        draft.leave(one.name, met.ours, met.theirs)
    elif verdict == Verdict.TAKE:
        draft.take(one, refuser, met.ours, met.theirs)
    other, is_other_new = (
        (met.theirs, met.are_theirs_new) if refuser == Side.OURS else (met.ours, met.is_ours_new)
    )
    if other in BLANK or not is_other_new:
        return
    # One that stays where nothing of theirs is taken over has not lost.
    if verdict != Verdict.LEAVE or one.direction == Direction.PULL:
        draft.conflicts.append(clash)
