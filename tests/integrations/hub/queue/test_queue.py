"""The queue under a model checker: workers die, overtake each other and meet every refusal."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as machine_run

from crm.models import User, Workspace
from tests import factories
from tests.integrations.hub.queue import vendor
from tests.integrations.hub.queue.world import RECORDS, World
from tests.integrations.hub.searches import EXAMPLES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.prove]

# `make prove` asks for more; small runs prove little.
PLACES = st.integers(0, 1)
INDEXES = st.integers(0, 5)
ENDINGS = st.sampled_from(["done", "done", *vendor.ENDINGS])
MEANWHILE = st.sampled_from(["", "", "", "edit", "lost", "overtaken", "reconnect", "gate"])
HEAD_STARTS = st.sampled_from([300, 0, -60])


class QueueMachine(RuleBasedStateMachine):
    """No rule has a precondition: what a rule may do must not hang on the speed of the clock."""

    workspace: Workspace
    actor: User
    world_class = World

    @initialize()
    def begin(self) -> None:
        self.world = self.world_class(self.workspace, self.actor)
        self.world.begin()

    @rule(place=PLACES, records=st.sets(st.sampled_from(RECORDS), min_size=1), head=HEAD_STARTS)
    def people_edit(self, place: int, records: set[int], head: int) -> None:
        self.world.edit(place, records, head)

    @rule(place=PLACES, record=st.sampled_from(RECORDS))
    def person_acts(self, place: int, record: int) -> None:
        self.world.command(place, record)

    @rule(place=PLACES, count=st.sampled_from([1, 1, 2, 5]))
    def worker_claims(self, place: int, count: int) -> None:
        self.world.claim(place, count)

    @rule(index=INDEXES)
    def worker_hands_back(self, index: int) -> None:
        self.world.hand_back(index)

    @rule(index=INDEXES, ending=ENDINGS, word=MEANWHILE)
    def worker_works(self, index: int, ending: str, word: str) -> None:
        self.world.work(index, ending, lambda: self._meanwhile(index, word))

    @rule(place=PLACES, ending=ENDINGS, word=MEANWHILE)
    def worker_claims_and_works(self, place: int, ending: str, word: str) -> None:
        if self.world.claim(place) is not None:
            self.world.work(-1, ending, lambda: self._meanwhile(place, word))

    @rule(place=PLACES, endings=st.lists(ENDINGS, min_size=3, max_size=8))
    def vendor_is_met_often(self, place: int, endings: list[str]) -> None:
        for ending in endings:
            self.world.pass_time(20)
            if self.world.claim(place) is not None:
                self.world.work(-1, ending, lambda: None)

    @rule(index=INDEXES)
    def worker_dies(self, index: int) -> None:
        self.world.die(index)

    @rule(index=INDEXES)
    def worker_renews(self, index: int) -> None:
        self.world.renew(index)

    @rule(index=INDEXES, is_stale=st.booleans())
    def stranger_finishes(self, index: int, is_stale: bool) -> None:
        self.world.stranger(index, is_stale)

    @rule(seconds=st.sampled_from([5, 25, 61, 61, 700]))
    def time_goes_by(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @rule()
    def leases_are_taken_back(self) -> None:
        self.world.sweep()

    @rule(index=INDEXES)
    def person_replays(self, index: int) -> None:
        self.world.replay(index)

    @rule(index=INDEXES)
    def person_gives_up(self, index: int) -> None:
        self.world.discard(index)

    @rule(place=PLACES)
    def person_reconnects(self, place: int) -> None:
        self.world.reconnect(place)

    @rule(place=PLACES, seconds=st.sampled_from([10, 600]))
    def gate_closes(self, place: int, seconds: int) -> None:
        self.world.gate_close(place, seconds)

    def _meanwhile(self, index: int, word: str) -> None:
        world = self.world
        if word == "edit":
            for place in (0, 1):
                world.edit(place, RECORDS, 300)
        if word in ("lost", "overtaken"):
            world.pass_time(61)
            world.sweep()
        if word == "overtaken":
            for place in (0, 1):
                world.claim(place)
        if word == "reconnect":
            world.reconnect(index % 2)
        if word == "gate":
            world.gate_close(index % 2, 30)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.world.settle()
            finally:
                self.world.end()


@pytest.mark.long(100)
def test_queue_loses_nothing_and_runs_nothing_twice(workspace: Workspace) -> None:
    QueueMachine.workspace = workspace
    QueueMachine.actor = factories.membership_make(workspace).user
    with vendor.installed():
        machine_run(
            QueueMachine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=16,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
