"""One linked pair's turn as steps: read both sides, plan, commit, send, commit.

A generator that yields at every commit and every call, so that a driver may do the steps of one
pair (merge/loop.py, which the model checker drives) or of a hundred pairs together (hub/sync).
The order of the steps is what survives a crash at any point.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from integrations.hub.errors import Conflict as Contended
from integrations.hub.errors import NotApplied
from integrations.hub.merge.plan import plan
from integrations.hub.merge.types import (
    Base,
    Decision,
    Intent,
    MergeField,
    Ours,
    Plan,
    Sent,
    Theirs,
    Values,
)

ROUNDS: Final = 8


@dataclass(frozen=True)
class State:
    """Our side of one linked pair, as of one moment.

    `folded_at` is when the newest look at their record that went into the base began, or the newest
    write of ours that did was answered.
    """

    external_id: str
    ours: Ours
    base: Base
    intents: Sequence[Intent] = ()
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    folded_at: datetime | None = None


@dataclass(frozen=True)
class Row:
    """Their record as a page or an event brought it; `read_at` is when that read began.

    One that nobody has `seen` is as it was last known, be it there or not.
    """

    theirs: Theirs
    read_at: datetime
    is_seen: bool = True


@dataclass(frozen=True)
class Load:
    """Read our side of the pair; answered with a State."""


@dataclass(frozen=True)
class Read:
    """Read their record anew; answered with a Row."""

    external_id: str


@dataclass(frozen=True)
class Commit:
    """One transaction: what is taken over, the bases, the conflicts, the intents that were looked
    into, and a new intent when something is sent.

    Answered with the new intent's key ("" when nothing is sent), or None, with nothing written,
    when our side has changed since `state`. Fields that are `left` are sent later by another turn.
    """

    state: State
    row: Row
    planned: Plan
    left: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Send:
    """Write the changed fields; answered with what the vendor tells back.

    NotApplied is thrown in when the record is not as it was read, OutcomeUnknown when it may have
    been written or not.
    """

    external_id: str
    values: Values
    key: str
    read: Theirs


@dataclass(frozen=True)
class Drop:
    """The intent was not applied, for certain."""

    key: str


@dataclass(frozen=True)
class Settle:
    """One transaction: the intent is applied, and its fields' bases are what was answered."""

    key: str
    planned: Plan
    answer: Theirs


Step = Load | Read | Commit | Send | Drop | Settle


@dataclass(frozen=True)
class Result:
    """How a pair stands after its turn."""

    plan: Plan
    pushed: Values
    unapplied: frozenset[str] = frozenset()
    rounds: int = 1


Turn = Generator[Step, Any, Result]


def turn(fields: Sequence[MergeField], row: Row | None = None, *, is_guarded: bool) -> Turn:
    """Bring the pair into step; raises Contended when it changes faster than we can read it.

    `row` saves a call where it is still news. May be cut off anywhere and run again. What a step
    raises goes through; after OutcomeUnknown the intent stays open and the next turn begins with a
    fresh read. `is_guarded`: the vendor refuses a write over what we have not read.
    """
    is_fresh = False
    for number in range(1, ROUNDS + 1):
        state: State = yield Load()
        if row is None or is_stale(row, state):
            row, is_fresh = (yield Read(state.external_id)), True
        planned = planned_of(fields, state, row)
        if planned.pushes and not (is_fresh or is_guarded):
            # Nothing but a short time protects what a person does there between look and write.
            row = None
            continue
        key: str | None = yield Commit(state, row, planned)
        if key is None:
            continue
        if not planned.pushes:
            return Result(planned, {}, rounds=number)
        values = {name: one.sent for name, one in planned.pushes.items()}
        try:
            answer: Theirs = yield Send(state.external_id, values, key, row.theirs)
        except NotApplied:
            yield Drop(key)
            row = None
            continue
        yield Settle(key, planned, answer)
        return Result(planned, values, _unapplied(fields, planned.pushes, answer), number)
    raise Contended("Both sides change faster than they can be compared; it is tried again later.")


def is_stale(row: Row, state: State) -> bool:
    """Whether the row may be older than what is known; an open write is only seen by a new read."""
    if any(intent.is_open for intent in state.intents):
        return True
    return state.folded_at is not None and row.read_at <= state.folded_at


def planned_of(fields: Sequence[MergeField], state: State, row: Row) -> Plan:
    """The plan for a pair as it was loaded and read."""
    return plan(
        fields,
        state.ours,
        row.theirs,
        state.base,
        intents=state.intents,
        decisions=state.decisions,
    )


def settled(fields: Sequence[MergeField], base: Base, planned: Plan, answer: Theirs) -> Base:
    """The base after a write: our value as it was sent, theirs as it was answered."""
    ours, theirs = dict(base.ours), dict(base.theirs)
    for one in fields:
        if one.name not in planned.pushes:
            continue
        sent = planned.pushes[one.name]
        ours[one.name] = one.codec.canonical_ours(sent.ours)
        theirs[one.name] = one.codec.canonical_theirs(answer.values.get(one.name, sent.sent))
    return Base(ours, theirs)


def _unapplied(
    fields: Sequence[MergeField], pushes: Mapping[str, Sent], answer: Theirs
) -> frozenset[str]:
    """Some vendors answer 200 and leave a field as it was."""
    codecs = {one.name: one.codec for one in fields}
    return frozenset(
        name
        for name, one in pushes.items()
        if name in answer.values
        and codecs[name].canonical_theirs(answer.values[name])
        != codecs[name].canonical_theirs(one.sent)
    )
