"""The gate by pinned sequences: what the model checker holds must fail for each seeded fault.

A checker that passes everything proves nothing, and a search by chance may miss a fault for long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from crm.models import Workspace
from tests import factories
from tests.integrations.hub.direct import direct_to
from tests.integrations.hub.engine import faults, oracle
from tests.integrations.hub.engine.clearing import queue_silenced
from tests.integrations.hub.engine.people import KEYS
from tests.integrations.hub.engine.world import Config, World

pytestmark = pytest.mark.django_db(transaction=True)

ANN, BOB, _ = KEYS


@dataclass(frozen=True)
class Story:
    """What happens between two sides, and the fault that it brings to light."""

    fault: type[World]
    happens: Callable[[World], None]
    config: Config = field(default_factory=Config)


def known_on_both_sides(world: World) -> None:
    world.people.make_there(ANN)
    world.pull()


def archived_here(world: World) -> None:
    """It must not come back from there as somebody new."""
    known_on_both_sides(world)
    world.people.hide_or_show_here(0)
    world.push()
    world.pull(is_full=True)


def edited_there_after_a_write_whose_answer_was_lost(world: World) -> None:
    """They saw ours: no conflict."""
    known_on_both_sides(world)
    world.people.edit_here(0, "first_name")
    with world.disturbed(["", "lost"], [], 0):
        world.push()
    world.people.edit_there(0, "first_name")
    world.pull(is_full=True)


def written_otherwise_there(world: World) -> None:
    """What a vendor makes of our value is nobody's edit."""
    world.people.make_here(ANN)
    world.push()
    world.people.edit_here(0, "first_name")
    world.pull()
    world.push()


def page_older_than_our_write(world: World) -> None:
    """Read before another worker wrote, taken over after it, and after one more edit of ours."""
    known_on_both_sides(world)
    world.people.edit_here(0, "first_name")
    with world.disturbed(["after:beside", "", "after:ours", "down"], [], 0):
        world.pull(is_full=True)


def edited_here_alone(world: World) -> None:
    known_on_both_sides(world)
    world.people.edit_here(0, "first_name")
    world.pull(is_full=True)


def edited_on_both_sides(world: World) -> None:
    known_on_both_sides(world)
    world.people.edit_here(0, "first_name")
    world.people.edit_there(0, "first_name")
    world.push()


def merged_there(world: World) -> None:
    """Two of ours have one counterpart left; the one without it is edited."""
    world.people.make_there(ANN)
    world.people.make_there(BOB)
    world.pull()
    world.people.merge_there(0)
    world.people.edit_here(1, "title")
    world.pull(is_full=True)
    world.push()


def listed_as_before_our_write(world: World) -> None:
    """What stood there before is no change of theirs."""
    known_on_both_sides(world)
    world.vendor.lists_lag()
    world.people.edit_here(0, "first_name")
    world.push()
    world.pull(is_full=True)


def not_found_once(world: World) -> None:
    """And archived here before the next look: it is the same one that is found again."""
    known_on_both_sides(world)
    with world.disturbed(["blind"], [], 0):
        world.people.edit_here(0, "title")
        world.push()
    world.people.hide_or_show_here(0)
    world.pull(is_full=True)
    world.push()


def mapped_to_a_field_that_is_empty_there(world: World) -> None:
    """The new field was never agreed on: its blank empties nothing."""
    known_on_both_sides(world)
    world.people.edit_there(0, "title")
    world.pull()
    world.mapping_edit("other")
    world.pull(is_full=True)
    world.push()


def typed_in_on_both_sides(world: World) -> None:
    world.people.make_there(ANN)
    world.people.make_here(ANN)
    world.push()


def edited_here_before_a_make_is_sent_again(world: World) -> None:
    """The vendor may know the key already: then the newer body would be swallowed."""
    world.people.make_here(ANN)
    with world.disturbed(["", "down"], [], 0):
        world.push()
    world.people.edit_here(0, "first_name")
    world.pass_time(40)
    world.push()


def edited_there_between_our_look_and_our_write(world: World) -> None:
    known_on_both_sides(world)
    world.people.edit_here(0, "first_name")
    with world.disturbed(["", "theirs"], [], 0):
        world.push()


STORIES = (
    Story(faults.TombstonesForgotten, archived_here),
    Story(faults.IntentsForgotten, edited_there_after_a_write_whose_answer_was_lost),
    Story(faults.SingleBase, written_otherwise_there, Config(normalises=True)),
    Story(faults.PagesAlwaysNews, page_older_than_our_write),
    Story(faults.BasesForgotten, edited_here_alone),
    Story(faults.LosersForgotten, edited_on_both_sides),
    Story(faults.AsideForgotten, merged_there),
    Story(faults.LaggingListsTrusted, listed_as_before_our_write),
    Story(faults.GoneAtOnce, not_found_once),
    Story(faults.BaseOfAnotherField, mapped_to_a_field_that_is_empty_there),
    Story(faults.FirstLinkUnmatched, typed_in_on_both_sides, Config(is_unique=False)),
    Story(faults.RetriesRenewed, edited_here_before_a_make_is_sent_again),
    Story(faults.MergesUnnoticed, merged_there),
    Story(faults.GuardUnused, edited_there_between_our_look_and_our_write, Config(is_guarded=True)),
)


def told(world: World, story: Story) -> None:
    """The story and its end; raises AssertionError with what is wrong then."""
    queue_silenced()
    world.begin()
    try:
        with direct_to(world.vendor):
            story.happens(world)
            oracle.rest(world)
            oracle.check(world)
    finally:
        world.end()


def world_of(workspace: Workspace, kind: type[World], story: Story) -> World:
    return kind(workspace, factories.membership_make(workspace).user, story.config)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.fault.__name__)
def test_engine_brings_the_story_to_a_good_end(workspace: Workspace, story: Story) -> None:
    told(world_of(workspace, World, story), story)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.fault.__name__)
def test_fault_does_not_get_through_the_story(workspace: Workspace, story: Story) -> None:
    with pytest.raises(AssertionError):
        told(world_of(workspace, story.fault, story), story)


def typed_in_place_of_a_blank_that_left_theirs_alone(world: World) -> None:
    """Only sent: who typed here has not seen theirs, which is overwritten and kept."""
    world.people.make_there(ANN)
    world.people.make_here(ANN)
    world.mapping_edit("push")
    world.people.edit_there(0, "title")
    world.pull()
    world.people.edit_here(0, "title")


@pytest.mark.parametrize("happens", [typed_in_place_of_a_blank_that_left_theirs_alone])
def test_engine_brings_what_was_found_once_to_a_good_end(
    workspace: Workspace, happens: Callable[[World], None]
) -> None:
    story = Story(World, happens, Config(is_guarded=True, is_unique=True))
    told(world_of(workspace, World, story), story)


def test_every_fault_has_its_story() -> None:
    assert {story.fault for story in STORIES} == set(faults.FAULTS)
