"""The gate: the model checker must catch each of the faults that an engine like this has had.

A checker that passes everything proves nothing. The faults sit in the store and the vendor's port,
so that the merge itself runs as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis.stateful import run_state_machine_as_test

from integrations.hub.merge import Base, Plan, Theirs
from integrations.hub.merge.loop import Row, State
from tests.integrations.hub.merge.test_model import MergeMachine
from tests.integrations.hub.merge.world import World
from tests.integrations.hub.searches import LONG_SEARCH, first_failure

pytestmark = pytest.mark.prove

ENOUGH = first_failure(25, 12_000)


class NoStaleCheck(World):
    """Every page counts as news, however old."""

    def load(self) -> State:
        return replace(super().load(), folded_at=None)


class NoIntents(World):
    """A write whose answer was lost is forgotten."""

    def load(self) -> State:
        return replace(super().load(), intents=())


class SingleBase(World):
    """One base for both sides: what was sent is taken for what is there."""

    def settle(self, key: str, planned: Plan, answer: Theirs) -> None:
        super().settle(key, planned, answer)
        self.base = Base(self.base.ours, self.base.ours)


class AllIntentsDropped(World):
    """A refusal of one write clears those of which nothing is known, too."""

    def drop(self, key: str) -> None:
        super().drop(key)
        self.intents, self.ghosts = [], []


class IntentsKept(World):
    """Intents that were looked into stay open, and are looked into again later."""

    def commit(self, state: State, row: Row, planned: Plan) -> str | None:
        return super().commit(state, row, replace(planned, resolved=()))


class NoGuard(World):
    """The vendor's guard is there and not used."""

    def write(
        self, external_id: str, values: Mapping[str, Any], *, key: str, read: Theirs
    ) -> Theirs:
        return super().write(
            external_id, values, key=key, read=replace(read, version=str(self.theirs_version))
        )

    def _note_weak_loss(self, values: Mapping[str, Any], read: Theirs) -> None:
        if not self.is_guarded:
            super()._note_weak_loss(values, read)


class NoCompareAndSet(World):
    """What is taken over is written over an edit made meanwhile."""

    def commit(self, state: State, row: Row, planned: Plan) -> str | None:
        self.meanwhile()
        self.ours_version = state.ours.version
        return super().commit(state, row, planned)


class BaseBeforeCall(World):
    """The base moves as if the write had been answered."""

    def commit(self, state: State, row: Row, planned: Plan) -> str | None:
        key = super().commit(state, row, planned)
        if key:
            sent = {name: one.sent for name, one in planned.pushes.items()}
            ours = {name: one.ours for name, one in planned.pushes.items()}
            self.base = Base({**self.base.ours, **ours}, {**self.base.theirs, **sent})
            self.intents = []
        return key


class NoLateLanding(World):
    """A write that was looked for in vain is not remembered, and lands late."""

    def load(self) -> State:
        self.ghosts = []
        return super().load()


@pytest.mark.parametrize(
    "mutant",
    [
        NoStaleCheck,
        NoIntents,
        SingleBase,
        IntentsKept,
        NoGuard,
        NoCompareAndSet,
        BaseBeforeCall,
        pytest.param(AllIntentsDropped, marks=LONG_SEARCH),
        pytest.param(NoLateLanding, marks=LONG_SEARCH),
    ],
)
def test_model_checker_catches_the_fault(mutant: type[World]) -> None:
    class Machine(MergeMachine):
        world_class = mutant

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Machine, settings=ENOUGH)
