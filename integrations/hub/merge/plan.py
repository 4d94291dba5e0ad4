"""The three-way merge of one record, field by field, with a base for each side.

Two bases, since a vendor that trims what it is sent would else seem to change it for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from integrations.hub.merge.landing import landed_as
from integrations.hub.merge.types import (
    LOST,
    Base,
    Conflict,
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

BLANK: Final[tuple[Any, ...]] = (None, "", [], {})
MISSING: Final = object()


@dataclass
class _Draft:
    """The plan while its fields are looked at in turn."""

    base_ours: dict[str, Any]
    base_theirs: dict[str, Any]
    doubtful: set[str]
    seen_at: datetime | None
    pulls: dict[str, Any] = field(default_factory=dict)
    pushes: dict[str, Sent] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    agreed: set[str] = field(default_factory=set)
    diverging: set[str] = field(default_factory=set)
    failures: dict[str, str] = field(default_factory=dict)
    waits_for: list[str] = field(default_factory=list)

    def agree(self, name: str, ours: Any, theirs: Any) -> None:
        self.base_ours[name], self.base_theirs[name] = ours, theirs

    def fail(self, name: str, error: Untranslatable) -> None:
        self.failures[name] = str(error)
        if error.waits_for:
            self.waits_for.append(error.waits_for)


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
    draft = _Draft(dict(base.ours), dict(base.theirs), set(), base.seen_at)
    unseen = [_look_into(draft, intent, theirs, known) for intent in intents]
    for one in fields:
        try:
            _merge(draft, one, ours, theirs, (decisions or {}).get(one.name))
        except Untranslatable as error:
            draft.fail(one.name, error)
    return Plan(
        pulls=draft.pulls,
        pushes=draft.pushes,
        base=Base(draft.base_ours, draft.base_theirs),
        resolved=tuple(intent.key for intent in intents if intent.is_open),
        unseen=tuple(intent for intent in unseen if intent.fields),
        conflicts=tuple(draft.conflicts),
        agreed=frozenset(draft.agreed),
        diverging=frozenset(draft.diverging),
        failures=draft.failures,
        waits_for=tuple(dict.fromkeys(draft.waits_for)),
    )


def _look_into(
    draft: _Draft, intent: Intent, theirs: Theirs, known: Mapping[str, MergeField]
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


def _merge(
    draft: _Draft, one: MergeField, ours: Ours, theirs: Theirs, decision: Decision | None
) -> None:
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
        _take(draft, one, decision.winner, left, right)
    elif lost is not None and not is_ours_new:
        _hold(draft, one, left)
    elif one.direction != Direction.BOTH:
        _one_way(draft, one, left, right, is_ours_new, are_theirs_new)
    elif is_ours_new and are_theirs_new:
        _clash(draft, one, ours, theirs, left, right)
    elif is_ours_new or are_theirs_new:
        _win(draft, one, Side.OURS if is_ours_new else Side.THEIRS, left, right)
    else:
        draft.diverging.add(one.name)


def _is_first(draft: _Draft, one: MergeField) -> bool:
    """Whether the two sides have never agreed on the field."""
    return one.name not in draft.base_ours and one.name not in draft.base_theirs


def _is_filled(draft: _Draft, one: MergeField, left: Any, right: Any) -> bool:
    """Where the two first meet, and one holds nothing, the other's value fills it."""
    if one.direction != Direction.BOTH or not _is_first(draft, one):
        return False
    if left not in BLANK and right not in BLANK:
        return False
    _take(draft, one, Side.THEIRS if left in BLANK else Side.OURS, left, right)
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


def _hold(draft: _Draft, one: MergeField, left: Any) -> None:
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
    draft: _Draft,
    one: MergeField,
    left: Any,
    right: Any,
    is_ours_new: bool,
    are_theirs_new: bool,
) -> None:
    """Only the side the field comes from counts; a change of the other is told or overwritten.

    What somebody typed on the other side and is overwritten is kept as a conflict. Where the two
    meet for the first time a blank overwrites nothing.
    """
    source = Side.OURS if one.direction == Direction.PUSH else Side.THEIRS
    is_new, is_other_new = is_ours_new, are_theirs_new
    value, other = left, right
    if source == Side.THEIRS:
        is_new, is_other_new = is_other_new, is_new
        value, other = right, left
    base = draft.base_ours.get(one.name)
    if value in BLANK and _is_first(draft, one):
        draft.agree(one.name, left, right)
        draft.diverging.add(one.name)
    elif is_new or (is_other_new and one.is_enforced):
        is_in_doubt = one.name in draft.doubtful
        if _win(draft, one, source, left, right) and is_other_new and other not in BLANK:
            kept = Conflict(one.name, base, left, right, one.rule, source, is_in_doubt)
            draft.conflicts.append(kept)
    else:
        draft.diverging.add(one.name)


def _clash(
    draft: _Draft, one: MergeField, ours: Ours, theirs: Theirs, left: Any, right: Any
) -> None:
    """Both sides hold something the other has not seen; who loses is kept in the conflict."""
    winner = winner_of(one, ours, theirs, is_first=_is_first(draft, one))
    clash = Conflict(
        name=one.name,
        base=draft.base_ours.get(one.name),
        ours=left,
        theirs=right,
        rule=one.rule,
        winner=winner,
        is_in_doubt=one.name in draft.doubtful,
    )
    # Kept only after: a value without counterpart wins nothing, and is told as a failure.
    if winner is None or _win(draft, one, winner, left, right):
        draft.conflicts.append(clash)


def _win(draft: _Draft, one: MergeField, winner: Side, left: Any, right: Any) -> bool:
    """Take the winner's value, if it may be taken without a person's word; whether it was.

    A stand-in takes nothing away from what is known here: each side keeps its own then.
    """
    if winner == Side.THEIRS and left not in BLANK and one.codec.is_stand_in(right):
        draft.agree(one.name, left, right)
        draft.diverging.add(one.name)
        return False
    _take(draft, one, winner, left, right)
    return True


def _take(draft: _Draft, one: MergeField, winner: Side, left: Any, right: Any) -> None:
    """The base moves with what is taken over; with what is sent only once it was answered."""
    if winner == Side.OURS:
        draft.pushes[one.name] = Sent(left, one.codec.to_theirs(left))
        return
    value = one.codec.to_ours(right)
    draft.pulls[one.name] = value
    draft.agree(one.name, one.codec.canonical_ours(value), right)
