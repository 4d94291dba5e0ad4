"""The three-way merge of one record, field by field, with a base for each side.

Two bases, since a vendor that trims what it is sent would else seem to change it for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.hub.merge.consent import Meeting, refusal_settles
from integrations.hub.merge.draft import MISSING, Draft
from integrations.hub.merge.landing import landed_as
from integrations.hub.merge.types import (
    BLANK,
    LOST,
    Base,
    Decision,
    Direction,
    Intent,
    MergeField,
    Ours,
    Plan,
    Sent,
    Side,
    Theirs,
    Untranslatable,
    Values,
)
from integrations.hub.merge.winners import winner_of


def plan(
    fields: Sequence[MergeField],
    ours: Ours,
    theirs: Theirs,
    base: Base,
    *,
    intents: Sequence[Intent] = (),
    decisions: Mapping[str, Decision] | None = None,
) -> Plan:
    """What to take over and what to send so that both sides agree.

    `theirs` must have been read after the last of `intents` (oldest first) ended. `decisions` are
    the answers of people to conflicts that waited for one; each holds for the values it was shown.
    """
    known = {one.name: one for one in fields} if intents else {}
    draft = Draft(dict(base.ours), dict(base.theirs), base.seen_at)
    unseen = [_look_into(draft, intent, theirs, known) for intent in intents]
    for one in fields:
        try:
            field_merge(draft, one, ours, theirs, (decisions or {}).get(one.name))
        except Untranslatable as error:
            draft.fail(one.name, error)
    return plan_of(
        draft,
        resolved=tuple(intent.key for intent in intents if intent.is_open),
        unseen=tuple(intent for intent in unseen if intent.fields),
    )


def plan_of(
    draft: Draft, *, resolved: tuple[str, ...] = (), unseen: tuple[Intent, ...] = ()
) -> Plan:
    """The plan once all fields have been looked at."""
    return Plan(
        pulls=draft.pulls,
        pushes=draft.pushes,
        base=Base(draft.base_ours, draft.base_theirs),
        resolved=resolved,
        unseen=unseen,
        conflicts=tuple(draft.conflicts),
        agreed=frozenset(draft.agreed),
        diverging=frozenset(draft.diverging),
        failures=draft.failures,
        waits_for=tuple(dict.fromkeys(draft.waits_for)),
    )


def _look_into(
    draft: Draft, intent: Intent, theirs: Theirs, known: Mapping[str, MergeField]
) -> Intent:
    """Did this write of ours land? What it left there descends from our value.

    Returns what of it has not been seen.
    """
    unseen = {}
    for name, sent in intent.fields.items():
        if name not in known:
            continue
        codec = known[name].codec
        there = landed_as(codec, sent.sent, theirs.values.get(name))
        if theirs.marker is not None:
            has_landed = theirs.marker == intent.key
        else:
            has_landed = codec.canonical_theirs(theirs.values.get(name)) == there
        if has_landed:
            draft.agree(name, codec.canonical_ours(sent.ours), there)
            continue
        unseen[name] = sent
        if theirs.marker is None:
            # It may have landed before a person changed it there; a second look knows no better.
            draft.doubtful.add(name)
    return Intent(intent.key, unseen, is_open=False)


def field_merge(
    draft: Draft, one: MergeField, ours: Ours, theirs: Theirs, decision: Decision | None
) -> None:
    """Look at one field of both sides; raises Untranslatable."""
    left = one.codec.canonical_ours(ours.values.get(one.name))
    right = one.codec.canonical_theirs(theirs.values.get(one.name))
    if are_alike(one, left, right):
        draft.agree(one.name, left, right)
        draft.agreed.add(one.name)
        return
    if decision is None and _is_filled(draft, one, left, right):
        return
    lost = _lost(one, draft.base_theirs, right, draft.seen_at)
    if lost is not None:
        draft.base_theirs[one.name] = lost
    is_ours_new = draft.base_ours.get(one.name, MISSING) != left
    are_theirs_new = lost is None and draft.base_theirs.get(one.name, MISSING) != right
    if decision is not None and (decision.ours, decision.theirs) == (left, right):
        draft.take(one, decision.winner, left, right)
    elif one.is_consent and refusal_settles(
        draft, one, Meeting(left, right, is_ours_new, are_theirs_new)
    ):
        return
    elif lost is not None and not is_ours_new:
        _hold(draft, one, left)
    elif one.direction != Direction.BOTH:
        _one_way(draft, one, left, right, is_ours_new, are_theirs_new)
    elif is_ours_new and are_theirs_new:
        _clash(draft, one, ours, theirs, left, right)
    elif is_ours_new or are_theirs_new:
        draft.win(one, Side.OURS if is_ours_new else Side.THEIRS, left, right)
    else:
        draft.diverging.add(one.name)


def _is_filled(draft: Draft, one: MergeField, left: Any, right: Any) -> bool:
    """Where the two first meet, and one holds nothing, the other's value fills it."""
    if one.direction != Direction.BOTH or not draft.is_first(one):
        return False
    if left not in BLANK and right not in BLANK:
        return False
    draft.take(one, Side.THEIRS if left in BLANK else Side.OURS, left, right)
    return True


def is_new_there(one: MergeField, base: Base, right: Any) -> bool:
    """Whether theirs is not as it was known; a blank that came with a deletion is no change."""
    if base.theirs.get(one.name, MISSING) == right:
        return False
    return _lost(one, base.theirs, right, base.seen_at) is None


def _lost(one: MergeField, base: Values, right: Any, seen_at: datetime | None) -> Any:
    """What theirs was, if it is blank only because the thing that it names was deleted there."""
    known = base.get(one.name)
    is_marked = isinstance(known, str) and known.startswith(LOST) and right == known
    is_asked = is_marked or (right in BLANK and known not in BLANK)
    return one.codec.lost(known, seen_at) if is_asked else None


def _hold(draft: Draft, one: MergeField, left: Any) -> None:
    """Ours stays, and is sent again once what it names is there again."""
    if one.direction == Direction.PULL:
        draft.diverging.add(one.name)
        return
    try:
        draft.pushes[one.name] = Sent(left, one.codec.to_theirs_again(left))
    except Untranslatable as error:
        draft.diverging.add(one.name)
        draft.waits_for += [error.waits_for] if error.waits_for else []


def are_alike(one: MergeField, left: Any, right: Any) -> bool:
    """What cannot be told there is like nothing of theirs; a change of theirs may replace it."""
    try:
        return bool(one.codec.canonical_theirs(one.codec.to_theirs(left)) == right)
    except Untranslatable:
        return False


def _one_way(
    draft: Draft,
    one: MergeField,
    left: Any,
    right: Any,
    is_ours_new: bool,
    are_theirs_new: bool,
) -> None:
    """Only the side the field comes from counts; a change of the other is told or overwritten.

    What somebody typed on the other side and is overwritten is kept as a conflict. Where the two
    meet for the first time a blank overwrites nothing; whoever types in its place later has not
    seen what it was left beside.
    """
    source = Side.OURS if one.direction == Direction.PUSH else Side.THEIRS
    is_new, is_other_new = is_ours_new, are_theirs_new
    value, other = left, right
    known, known_other = draft.base_ours.get(one.name), draft.base_theirs.get(one.name)
    if source == Side.THEIRS:
        is_new, is_other_new = is_other_new, is_new
        value, other = right, left
        known, known_other = known_other, known
    is_unseen = is_other_new or (known in BLANK and known_other not in BLANK)
    if value in BLANK and draft.is_first(one):
        draft.leave(one.name, left, right)
    elif is_new or (is_other_new and one.is_enforced):
        kept = draft.conflict(one, left, right, source)
        if draft.win(one, source, left, right) and is_unseen and other not in BLANK:
            draft.conflicts.append(kept)
    else:
        draft.diverging.add(one.name)


def _clash(
    draft: Draft, one: MergeField, ours: Ours, theirs: Theirs, left: Any, right: Any
) -> None:
    """Both sides hold something the other has not seen; who loses is kept in the conflict."""
    winner = winner_of(one, ours, theirs, is_first=draft.is_first(one))
    clash = draft.conflict(one, left, right, winner)
    # Kept only after: a value without counterpart wins nothing, and is told as a failure.
    if winner is None or draft.win(one, winner, left, right):
        draft.conflicts.append(clash)
