"""Pulls and their cursors under a model checker: ties, late changes, crashes, rewinds."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crm.models import Workspace
from tests.integrations.hub.cursors.world import SAME, Config, World
from tests.integrations.hub.direct import direct_to
from tests.integrations.hub.engine.clearing import queue_silenced
from tests.integrations.hub.searches import search, whole

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.prove]

# `make prove` asks for more; small runs prove little.
STEPS = 12
# How late changes may show, and how exact times are: what shows late needs an overlap.
PROMISES = ((120, 1.0), (120, 60.0), (0, 0.000001))
CONFIGS = st.builds(
    lambda promise, **more: Config(overlap=promise[0], resolution=promise[1], **more),
    st.sampled_from(PROMISES),
    is_sorted=st.booleans(),
    page_size=st.sampled_from([2, 1, 3]),
)
WORDS = (
    *("", "", "added", "changed", "late", "after:added", "after:changed", "after:late"),
    *("lost", "broken", "refused", "limited", "crash", "after:crash", "overtaken"),
)
SCRIPTS = st.lists(st.sampled_from(WORDS), max_size=4)
NUMBERS = st.lists(st.integers(0, 5), max_size=4)
LATE = st.sampled_from([0, 0, SAME, 1, 59, 119])
DEATHS = st.one_of(st.just(0), st.just(0), st.integers(1, 40))


class CursorMachine(RuleBasedStateMachine):
    """One stream; its cursor never passes what has not been taken over."""

    workspace: Workspace
    world_class = World

    @initialize(config=CONFIGS, count=st.integers(0, 4))
    def begin(self, config: Config, count: int) -> None:
        self.world = self.world_class(self.workspace, config)
        self.world.begin()
        self.carried = direct_to(self.world.vendor)
        self.carried.__enter__()
        self.world.add(count)

    @rule(count=st.integers(1, 5), late=LATE)
    def things_are_added(self, count: int, late: int) -> None:
        self.world.add(count, late)

    @rule(number=st.integers(0, 9), late=LATE)
    def thing_is_changed(self, number: int, late: int) -> None:
        self.world.change(number, late)

    @rule(script=SCRIPTS, numbers=NUMBERS, death=DEATHS)
    def page_is_pulled(self, script: list[str], numbers: list[int], death: int) -> None:
        with self.world.disturbed(script, numbers, death):
            self.world.pull(is_one_page=True)

    @rule(script=SCRIPTS, numbers=NUMBERS, death=DEATHS)
    def run_goes_on(self, script: list[str], numbers: list[int], death: int) -> None:
        with self.world.disturbed(script, numbers, death):
            self.world.pull()

    @rule()
    def run_ends(self) -> None:
        self.world.pass_time(121)
        self.world.pull()

    @rule(seconds=st.sampled_from([1, 20, 60, 119, 130, 700, 4000]))
    def time_goes_by(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @rule(seconds=st.sampled_from([1, 300, 10_000]))
    def cursor_is_rewound(self, seconds: int) -> None:
        self.world.rewind(seconds)

    @rule()
    def all_is_asked_for(self) -> None:
        self.world.ask_for_all()

    @invariant()
    def nothing_was_passed_over(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if not hasattr(self, "carried"):
            return
        try:
            self.world.rest()
        finally:
            self.carried.__exit__(None, None, None)
            self.world.end()


def searched(machine: type[CursorMachine], workspace: Workspace, asked: settings) -> None:
    """Run the machine in this workspace; raises what it finds."""
    queue_silenced()
    search(machine, asked, workspace=workspace)


@pytest.mark.long(230)
def test_cursor_passes_nothing_over(workspace: Workspace) -> None:
    searched(CursorMachine, workspace, whole(STEPS))
