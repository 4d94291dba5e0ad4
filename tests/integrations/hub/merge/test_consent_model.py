"""Consent under the model checker: no sync takes a refusal back, in any order of things."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from integrations.hub.errors import HubError
from integrations.hub.mapping.chain import chain_of
from integrations.hub.merge import Direction, MergeField, Plan, Rule, Theirs
from integrations.hub.merge.loop import Row, reconcile
from tests.integrations.hub.merge.world import Config, Crash, World
from tests.integrations.hub.searches import EXAMPLES, first_failure

pytestmark = pytest.mark.prove

FIELD = "email_opt_in"
ANSWERS = st.sampled_from([True, False, None])
WORDS = ["", "", "", "crash", "lost", "late", "down", "refused"]
SCRIPTS = st.lists(st.sampled_from(WORDS), max_size=14)
CONFIGS = st.builds(
    Config,
    rule=st.sampled_from(list(Rule)),
    is_guarded=st.booleans(),
    has_marker=st.booleans(),
    normalises=st.just(False),
)


@dataclass
class Answers(World):
    """A pair whose one field is an answer.

    `is_freed` since a person here took a no away (what they say then is their word), until somebody
    refuses again: here, or there after the yes has got there (`is_yes_there`).
    """

    direction: Direction = Direction.BOTH
    is_freed: bool = False
    is_yes_there: bool = False
    faults: list[str] = field(default_factory=list)

    @property
    def fields(self) -> list[MergeField]:
        codec = chain_of([{"kind": "boolean"}])
        one = MergeField(FIELD, codec, self.direction, self.config.rule, is_consent=True)
        return [one]

    def answer_here(self, value: bool | None) -> None:
        self.tick()
        self.is_freed = value is not False and (self.is_freed or self.ours.get(FIELD) is False)
        self.is_yes_there = False
        self.ours[FIELD], self.ours_changed[FIELD] = value, self.now
        self.ours_version += 1

    def answer_there(self, value: bool | None) -> None:
        self.tick()
        self.theirs[FIELD] = value
        self.is_freed = self.is_freed and not (value is False and self.is_yes_there)
        self._touch()

    def write(
        self, external_id: str, values: Mapping[str, Any], *, key: str, read: Theirs
    ) -> Theirs:
        if values[FIELD] is not False and read.values.get(FIELD) is False and not self.is_freed:
            self.faults.append(f"{values[FIELD]} was sent over a refusal there")
        return super().write(external_id, values, key=key, read=read)

    def _apply(self, values: Mapping[str, Any], key: str) -> None:
        self.is_yes_there = values[FIELD] is True
        super()._apply(values, key)

    def _take(self, planned: Plan) -> None:
        if planned.pulls.get(FIELD, False) is not False and self.ours.get(FIELD) is False:
            self.faults.append("a refusal here was taken back")
        if FIELD in planned.pulls:
            self.is_freed = False
        super()._take(planned)


class ConsentMachine(RuleBasedStateMachine):
    """People answer on both sides, pages come late, writes get lost."""

    world_class = Answers

    @initialize(config=CONFIGS, direction=st.sampled_from(list(Direction)))
    def begin(self, config: Config, direction: Direction) -> None:
        self.world = self.world_class(config, direction=direction)
        self.rows: list[Row] = []

    @rule(value=ANSWERS)
    def person_here(self, value: bool | None) -> None:
        self.world.answer_here(value)

    @rule(value=ANSWERS)
    def person_there(self, value: bool | None) -> None:
        self.world.answer_there(value)

    @rule()
    def late_write_lands(self) -> None:
        self.world.land_late()

    @rule()
    def page_is_read(self) -> None:
        self.rows.append(self.world.row())

    @rule(script=SCRIPTS, index=st.integers(-1, 9))
    def turn(self, script: list[str], index: int) -> None:
        row = self.rows[index % len(self.rows)] if self.rows and index >= 0 else None
        with self.world.disturbed(script, []), suppress(Crash, HubError):
            reconcile(self.world, self.world, self.world.fields, row)
        assert self.world.faults == []

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.come_to_rest()
        assert world.faults == []
        answers = {world.ours.get(FIELD), world.theirs.get(FIELD)}
        if world.direction == Direction.BOTH and False in answers:
            assert answers == {False} or FIELD in world.standing


ConsentMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestConsent = ConsentMachine.TestCase


class AsAnyField(Answers):
    """The rule of the mapping decides, as for a name."""

    @property
    def fields(self) -> list[MergeField]:
        return [replace(one, is_consent=False) for one in super().fields]


def test_model_checker_catches_a_field_like_any_other() -> None:
    class Machine(ConsentMachine):
        world_class = AsAnyField

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Machine, settings=first_failure(20, 2_000))
