"""The plan for records of theirs that nobody here knows yet: a first pull is made of nothing else.

The same as `plan` gives for a record of ours that holds nothing, in a third of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from integrations.hub.merge.draft import Draft
from integrations.hub.merge.plan import field_merge, plan_of
from integrations.hub.merge.types import (
    BLANK,
    Direction,
    MergeField,
    Ours,
    Plan,
    Side,
    Theirs,
    Untranslatable,
)

NOBODY: Final = Ours({}, 0)


@dataclass(frozen=True)
class NewField:
    """A field with what nothing of ours is on each side.

    `is_plain`: whatever they hold in it is taken over.
    """

    one: MergeField
    nothing_here: Any
    nothing_there: Any
    is_plain: bool


def new_fields(fields: Sequence[MergeField]) -> tuple[NewField, ...]:
    """Made once for many records."""
    return tuple(map(_new_field, fields))


def _new_field(one: MergeField) -> NewField:
    here = one.codec.canonical_ours(None)
    try:
        there = one.codec.canonical_theirs(one.codec.to_theirs(here))
    except Untranslatable:
        return NewField(one, here, None, is_plain=False)
    return NewField(one, here, there, is_plain=here in BLANK and one.direction != Direction.PUSH)


def plan_of_newcomer(fields: Sequence[NewField], theirs: Theirs) -> Plan:
    """What to take over of it; see plan."""
    draft = Draft({}, {}, None)
    for each in fields:
        one = each.one
        try:
            right = one.codec.canonical_theirs(theirs.values.get(one.name))
            if not each.is_plain or (right in BLANK and right != each.nothing_there):
                field_merge(draft, one, NOBODY, theirs, None)
            elif right == each.nothing_there:
                draft.agree(one.name, each.nothing_here, right)
                draft.agreed.add(one.name)
            else:
                draft.take(one, Side.THEIRS, each.nothing_here, right)
        except Untranslatable as error:
            draft.fail(one.name, error)
    return plan_of(draft)
