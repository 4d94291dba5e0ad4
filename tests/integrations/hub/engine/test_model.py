"""The engine under a model checker: people on both sides, a bad vendor, crashes, late news."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from crm.models import User, Workspace
from integrations.hub.merge import Rule, Side
from tests import factories
from tests.integrations.hub.direct import direct_to
from tests.integrations.hub.engine import oracle
from tests.integrations.hub.engine.clearing import queue_silenced
from tests.integrations.hub.engine.mapping import EDITS
from tests.integrations.hub.engine.people import KEYS, OURS, THEIRS
from tests.integrations.hub.engine.world import Config, World
from tests.integrations.hub.searches import search, whole

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.prove]

# `make prove` asks for more; small runs prove little.
STEPS = 10
CONFIGS = st.builds(
    Config,
    rule=st.sampled_from(list(Rule)),
    is_guarded=st.booleans(),
    has_markers=st.booleans(),
    normalises=st.booleans(),
    is_unique=st.booleans(),
    lists_deleted=st.booleans(),
    answers_merged=st.booleans(),
    merges_anew=st.booleans(),
    their_delete=st.sampled_from(["unlink", "archive", "recreate"]),
    our_delete=st.sampled_from(["leave", "delete"]),
    page_size=st.sampled_from([100, 1]),
    is_rehearsed=st.sampled_from([False, False, True]),
    is_compared=st.sampled_from([False, False, False, True]),
)
WORDS = (
    *("", "", "ours", "theirs", "after:ours", "after:theirs", "lost", "late", "down", "broken"),
    *("refused", "limited", "crash", "after:crash", "blind", "made", "gone", "after:gone"),
    *("merged", "archived", "push", "pull", "full", "after:push", "after:pull"),
    *("beside", "after:beside", "remapped", "after:remapped", "lagging", "after:lagging"),
)
SCRIPTS = st.lists(st.sampled_from(WORDS), max_size=5)
NUMBERS = st.lists(st.integers(0, 5), max_size=5)
NUMBER = st.integers(0, 5)
# At which statement the process dies; mostly it lives.
DEATHS = st.one_of(st.just(0), st.just(0), st.integers(1, 60))
BEGINNINGS = st.lists(st.sampled_from([*KEYS]), max_size=2, unique=True)


class EngineMachine(RuleBasedStateMachine):
    """One stream; whatever happens, nothing is lost or doubled, and it comes to rest."""

    workspace: Workspace
    actor: User
    world_class = World

    @initialize(config=CONFIGS, there=BEGINNINGS, here=BEGINNINGS)
    def begin(self, config: Config, there: list[str], here: list[str]) -> None:
        self.world = self.world_class(self.workspace, self.actor, config)
        self.world.begin()
        self.carried = direct_to(self.world.vendor)
        self.carried.__enter__()
        for key in there:
            self.world.people.make_there(key)
        for key in here:
            self.world.people.make_here(key)

    @rule(number=NUMBER, name=st.sampled_from(OURS))
    def person_here_edits(self, number: int, name: str) -> None:
        self.world.people.edit_here(number, name)

    @rule(number=NUMBER, name=st.sampled_from(THEIRS), is_earlier=st.booleans())
    def person_there_edits(self, number: int, name: str, is_earlier: bool) -> None:
        self.world.people.edit_there(number, name, is_earlier=is_earlier)

    @rule(key=st.sampled_from(KEYS), is_here=st.booleans())
    def person_is_added(self, key: str, is_here: bool) -> None:
        people = self.world.people
        people.make_here(key) if is_here else people.make_there(key)

    @rule(number=NUMBER)
    def person_here_is_archived_or_restored(self, number: int) -> None:
        self.world.people.hide_or_show_here(number)

    @rule(number=NUMBER)
    def person_there_is_deleted_or_restored(self, number: int) -> None:
        self.world.people.delete_or_restore_there(number)

    @rule(number=NUMBER)
    def persons_there_are_merged(self, number: int) -> None:
        self.world.people.merge_there(number)

    @rule(edit=st.sampled_from(EDITS))
    def mapping_is_edited(self, edit: str) -> None:
        self.world.mapping_edit(edit)

    @rule(index=st.integers(0, 20), times=st.sampled_from([1, 1, 2]))
    def event_arrives(self, index: int, times: int) -> None:
        self.world.event_arrives(index, times)

    @rule(is_full=st.booleans(), script=SCRIPTS, numbers=NUMBERS, death=DEATHS)
    def stream_is_pulled(
        self, is_full: bool, script: list[str], numbers: list[int], death: int
    ) -> None:
        with self.world.disturbed(script, numbers, death):
            self.world.pull(is_full=is_full)

    @rule(script=SCRIPTS, numbers=NUMBERS, death=DEATHS)
    def jobs_are_done(self, script: list[str], numbers: list[int], death: int) -> None:
        with self.world.disturbed(script, numbers, death):
            self.world.push()

    @rule(script=SCRIPTS, numbers=NUMBERS)
    def all_is_worked_on(self, script: list[str], numbers: list[int]) -> None:
        with self.world.disturbed(script, numbers, 0):
            self.world.pull()
            self.world.push()

    @rule(seconds=st.sampled_from([5, 35, 90, 130, 700]))
    def time_goes_by(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @rule()
    def lists_lag(self) -> None:
        self.world.vendor.lists_lag()

    @rule()
    def late_writes_land(self) -> None:
        self.world.vendor.land_late()

    @rule(index=NUMBER, winner=st.sampled_from(list(Side)))
    def person_decides(self, index: int, winner: Side) -> None:
        self.world.decide(index, winner)

    @rule()
    def first_sync_is_accepted(self) -> None:
        self.world.first_sync()

    def teardown(self) -> None:
        if not hasattr(self, "carried"):
            return
        try:
            oracle.rest(self.world)
            oracle.check(self.world)
        finally:
            self.carried.__exit__(None, None, None)
            self.world.end()


def searched(machine: type[EngineMachine], workspace: Workspace, asked: settings) -> None:
    """Run the machine in this workspace; raises what it finds."""
    actor = factories.membership_make(workspace).user
    queue_silenced()
    search(machine, asked, workspace=workspace, actor=actor)


@pytest.mark.long(310)
def test_engine_loses_nothing_and_comes_to_rest(workspace: Workspace) -> None:
    searched(EngineMachine, workspace, whole(STEPS))
