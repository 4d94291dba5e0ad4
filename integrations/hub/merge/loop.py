"""Drives one pair's turn through a store and a vendor: what the model checker runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, assert_never

from integrations.hub.errors import NotApplied
from integrations.hub.merge.turns import (
    Commit,
    Drop,
    Load,
    Read,
    Result,
    Row,
    Send,
    Settle,
    State,
    Step,
    is_stale,
    settled,
    turn,
)
from integrations.hub.merge.types import MergeField, Plan, Theirs, Values

__all__ = [
    "NotApplied",
    "Remote",
    "Result",
    "Row",
    "State",
    "Store",
    "is_stale",
    "reconcile",
    "settled",
]


class Store(Protocol):
    """Our database, for one linked pair whose lane is held; see the steps in turns.py."""

    def load(self) -> State: ...

    def commit(self, state: State, row: Row, planned: Plan) -> str | None: ...

    def drop(self, key: str) -> None: ...

    def settle(self, key: str, planned: Plan, answer: Theirs) -> None: ...


class Remote(Protocol):
    """The vendor's side of the pair; `is_guarded` as in turns.turn."""

    @property
    def is_guarded(self) -> bool: ...

    def read(self, external_id: str) -> Row: ...

    def write(self, external_id: str, values: Values, *, key: str, read: Theirs) -> Theirs: ...


def reconcile(
    store: Store, remote: Remote, fields: Sequence[MergeField], row: Row | None = None
) -> Result:
    """Bring one pair into step, one step after the other."""
    steps = turn(fields, row, is_guarded=remote.is_guarded)
    answer: Any = None
    error: Exception | None = None
    while True:
        try:
            step = steps.throw(error) if error else steps.send(answer)
        except StopIteration as end:
            result: Result = end.value
            return result
        try:
            answer, error = _done(store, remote, step), None
        except NotApplied as refusal:
            error = refusal


def _done(store: Store, remote: Remote, step: Step) -> Any:
    match step:
        case Load():
            return store.load()
        case Read():
            return remote.read(step.external_id)
        case Commit():
            return store.commit(step.state, step.row, step.planned)
        case Send():
            return remote.write(step.external_id, step.values, key=step.key, read=step.read)
        case Drop():
            return store.drop(step.key)
        case Settle():
            return store.settle(step.key, step.planned, step.answer)
        case _:
            assert_never(step)
