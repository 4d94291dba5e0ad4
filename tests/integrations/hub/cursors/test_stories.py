"""The gate by pinned sequences: what the cursor machine holds must fail for each seeded fault.

A checker that passes everything proves nothing, and a search by chance may miss a fault for long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from crm.models import Workspace
from tests.integrations.hub.cursors import faults
from tests.integrations.hub.cursors.world import OBJECT, SAME, Config, World
from tests.integrations.hub.direct import direct_to
from tests.integrations.hub.engine.clearing import queue_silenced

pytestmark = pytest.mark.django_db(transaction=True)

# A vendor whose times are exact and whose changes show at once needs no overlap.
EXACT = Config(overlap=0, resolution=0.000001)
IN_NO_ORDER = Config(overlap=0, resolution=0.000001, is_sorted=False, page_size=1)


@dataclass(frozen=True)
class Story:
    """What happens to one stream, and the fault that it brings to light."""

    fault: type[World]
    happens: Callable[[World], None]
    config: Config = field(default_factory=Config)


def change_that_shows_late(world: World) -> None:
    world.add(1)
    world.pass_time(100)
    world.pull()
    world.change(0, late=60)


def thing_of_the_same_instant_as_the_newest(world: World) -> None:
    """It shows once the other is here, and says the same time."""
    world.add(1)
    world.pull()
    world.change(0)
    world.pass_time(5)
    world.pull()
    newest = world.last_at
    world.add(1)
    *_, thing = world.vendor.tables.things[OBJECT].values()
    thing.modified_at = newest


def more_things_of_one_time_than_a_page_holds(world: World) -> None:
    world.add(1)
    world.add(2, late=SAME)
    world.pull()


def old_things_on_later_pages_than_new_ones(world: World) -> None:
    world.add(4)
    world.pass_time(200)
    world.add(4)
    for _ in range(8):
        world.pull(is_one_page=True)
        world.check()


def changes_of_what_was_read_and_of_what_was_not(world: World) -> None:
    """Each at its time: the newest that was read says nothing of those before it."""
    world.add(6)
    world.pull()
    for number in range(6):
        world.change(number)
        world.pull(is_one_page=True)


def change_soon_after_a_run(world: World) -> None:
    world.add(1)
    world.pull()
    world.change(0)
    world.pull()


def changes_while_a_run_is_cut_off(world: World) -> None:
    world.add(3)
    world.pull(is_one_page=True)
    for number in range(3):
        world.change(number)
    world.pull(is_one_page=True)
    world.pull(is_one_page=True)


def death_between_an_answer_and_its_rows(world: World) -> None:
    world.add(4)
    world.pass_time(200)
    with world.disturbed(["after:crash"], [], 0):
        world.pull(is_one_page=True)
    world.pull()


STORIES = (
    Story(faults.NoOverlap, change_that_shows_late),
    Story(faults.StrictBound, thing_of_the_same_instant_as_the_newest, EXACT),
    Story(faults.PagesByTimeAlone, more_things_of_one_time_than_a_page_holds),
    Story(faults.PromotedByPage, old_things_on_later_pages_than_new_ones, IN_NO_ORDER),
    Story(faults.NewestCounts, changes_of_what_was_read_and_of_what_was_not, IN_NO_ORDER),
    Story(faults.RoundedUp, change_soon_after_a_run, EXACT),
    Story(faults.CountsFromItsEnd, changes_while_a_run_is_cut_off, IN_NO_ORDER),
    Story(faults.PageBeforeRows, death_between_an_answer_and_its_rows),
)


def told(world: World, story: Story) -> None:
    """The story and its end; raises AssertionError with what is wrong then."""
    queue_silenced()
    world.begin()
    try:
        with direct_to(world.vendor):
            story.happens(world)
            world.check()
            world.rest()
    finally:
        world.end()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.fault.__name__)
def test_cursor_brings_the_story_to_a_good_end(workspace: Workspace, story: Story) -> None:
    told(World(workspace, story.config), story)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.fault.__name__)
def test_fault_does_not_get_through_the_story(workspace: Workspace, story: Story) -> None:
    with pytest.raises(AssertionError):
        told(story.fault(workspace, story.config), story)


def test_every_fault_has_its_story() -> None:
    assert {story.fault for story in STORIES} == set(faults.FAULTS)
