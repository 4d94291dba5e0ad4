"""One record brought into step: read both sides, plan, commit, send, commit.

The order of the commits and the call is what survives a crash at any point; the database and the
vendor stand behind two protocols, so that the model checker drives this very code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

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
    """Their record as a page or an event brought it; `read_at` is when that read began."""

    theirs: Theirs
    read_at: datetime


@dataclass(frozen=True)
class Result:
    """How a pair stands after its turn."""

    plan: Plan
    pushed: Values
    unapplied: frozenset[str] = frozenset()
    rounds: int = 1


class Store(Protocol):
    """Our database, for one linked pair whose lane is held."""

    def load(self) -> State: ...

    def commit(self, state: State, row: Row, planned: Plan) -> str | None:
        """One transaction: what is taken over, the bases, the conflicts, the intents that were
        looked into, and a new intent when something is sent, whose key is returned ("" when nothing
        is). None, and nothing written, when our record has changed since `state`."""
        ...

    def drop(self, key: str) -> None:
        """The intent was not applied, for certain."""
        ...

    def settle(self, key: str, planned: Plan, answer: Theirs) -> None:
        """One transaction: the intent is applied, and its fields' bases are what was answered."""
        ...


class Remote(Protocol):
    """The vendor's side of the pair.

    `is_guarded`: a write is refused (NotApplied) when the record has changed since it was read.
    """

    @property
    def is_guarded(self) -> bool: ...

    def read(self, external_id: str) -> Row:
        """Raises NotFound when it is gone."""
        ...

    def write(self, external_id: str, values: Values, *, key: str, read: Theirs) -> Theirs:
        """Send the changed fields; the answer holds at least those the vendor tells back.

        Raises NotApplied when the record is not as in `read` any more, and OutcomeUnknown when it
        may have been written or not.
        """
        ...


def reconcile(
    store: Store, remote: Remote, fields: Sequence[MergeField], row: Row | None = None
) -> Result:
    """Bring the pair into step; raises Contended when it changes faster than we can read it.

    `row` saves a call where it is still news. May be cut off anywhere and run again. Raises what
    the vendor's calls raise; after OutcomeUnknown the intent stays open and the next turn begins
    with a fresh read.
    """
    is_fresh = False
    for number in range(1, ROUNDS + 1):
        state = store.load()
        if row is None or is_stale(row, state):
            row, is_fresh = remote.read(state.external_id), True
        planned = _planned(fields, state, row)
        if planned.pushes and not (is_fresh or remote.is_guarded):
            # Nothing but a short time protects what a person does there between look and write.
            row = None
            continue
        key = store.commit(state, row, planned)
        if key is None:
            continue
        if not planned.pushes:
            return Result(planned, {}, rounds=number)
        result = _send(store, remote, state, row.theirs, planned, key, fields)
        if result is not None:
            return Result(planned, result[0], result[1], number)
        row = None
    raise Contended("Both sides change faster than they can be compared; it is tried again later.")


def is_stale(row: Row, state: State) -> bool:
    """Whether the row may be older than what is known; an open write is only seen by a new read."""
    if any(intent.is_open for intent in state.intents):
        return True
    return state.folded_at is not None and row.read_at <= state.folded_at


def _planned(fields: Sequence[MergeField], state: State, row: Row) -> Plan:
    return plan(
        fields,
        state.ours,
        row.theirs,
        state.base,
        intents=state.intents,
        decisions=state.decisions,
    )


def _send(
    store: Store,
    remote: Remote,
    state: State,
    theirs: Theirs,
    planned: Plan,
    key: str,
    fields: Sequence[MergeField],
) -> tuple[Values, frozenset[str]] | None:
    """What was sent and which of it the vendor did not take; None when all is to be read anew."""
    values = {name: one.sent for name, one in planned.pushes.items()}
    try:
        answer = remote.write(state.external_id, values, key=key, read=theirs)
    except NotApplied:
        store.drop(key)
        return None
    store.settle(key, planned, answer)
    return values, _unapplied(fields, planned.pushes, answer)


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
