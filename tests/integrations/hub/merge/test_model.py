"""The merge under a model checker: edits, crashes, lost answers and stale pages in any order."""

from __future__ import annotations

from contextlib import suppress

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from integrations.hub.errors import HubError
from integrations.hub.merge import Rule, Side
from integrations.hub.merge.loop import Row, reconcile
from tests.integrations.hub.merge.world import FIELDS, Config, Crash, World, token
from tests.integrations.hub.searches import EXAMPLES

pytestmark = pytest.mark.prove

# `make prove` asks for more; small runs prove little.
CONFIGS = st.builds(
    Config,
    rule=st.sampled_from(list(Rule)),
    is_guarded=st.booleans(),
    has_marker=st.booleans(),
    normalises=st.booleans(),
)
WINNERS = {Rule.OURS_WINS: Side.OURS, Rule.THEIRS_WINS: Side.THEIRS}
WORDS = ["", "", "", "ours", "theirs", "crash", "lost", "late", "down", "refused"]
SCRIPTS = st.lists(st.sampled_from(WORDS), max_size=14)
NAMES = st.lists(st.sampled_from(FIELDS), max_size=8)


class MergeMachine(RuleBasedStateMachine):
    """One linked pair; whatever happens, nothing is lost in silence and it comes to rest."""

    world_class = World

    @initialize(config=CONFIGS)
    def begin(self, config: Config) -> None:
        self.world = self.world_class(config)
        self.rows: list[Row] = []

    @rule(name=st.sampled_from(FIELDS))
    def person_here(self, name: str) -> None:
        self.world.edit_ours(name)

    @rule(name=st.sampled_from(FIELDS))
    def person_there(self, name: str) -> None:
        self.world.edit_theirs(name)

    @rule()
    def late_write_lands(self) -> None:
        self.world.land_late()

    @rule()
    def page_is_read(self) -> None:
        self.rows.append(self.world.row())

    @rule(script=SCRIPTS, names=NAMES)
    def turn(self, script: list[str], names: list[str]) -> None:
        self._turn(script, names)

    @precondition(lambda self: self.rows)
    @rule(script=SCRIPTS, names=NAMES, index=st.integers(0, 9))
    def page_is_applied(self, script: list[str], names: list[str], index: int) -> None:
        self._turn(script, names, self.rows[index % len(self.rows)])

    def _turn(self, script: list[str], names: list[str], row: Row | None = None) -> None:
        world = self.world
        with world.disturbed(script, names), suppress(Crash, HubError):
            reconcile(world, world, world.fields, row)

    @invariant()
    def conflicts_are_real(self) -> None:
        """A field that one side changed only is never one."""
        for one in self.world.log:
            if one.is_in_doubt:
                continue
            ours, theirs = token(one.ours), token(one.theirs)
            if theirs in self.world.weakly_landed:
                continue
            older = self.world.ancestry.is_older
            assert not older(ours, theirs), one
            assert not older(theirs, ours), one

    @invariant()
    def rule_decides(self) -> None:
        """Who wins a clash, also where the two meet for the first time."""
        winner = WINNERS.get(self.world.config.rule)
        for one in self.world.log:
            assert winner is None or one.winner == winner, one

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.come_to_rest()
        assert world.lost() == []
        if world.config.rule != Rule.MANUAL:
            assert all(
                world.fields[0].codec.canonical_theirs(world.ours.get(name))
                == world.fields[0].codec.canonical_theirs(world.theirs.get(name))
                for name in FIELDS
            )


MergeMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestMerge = MergeMachine.TestCase
