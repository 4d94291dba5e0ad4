"""The gate by pinned sequences, for faults that a search by chance finds only when it is long; and
the end of a turn that never gets through."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from integrations.hub.errors import Conflict as Contended
from integrations.hub.errors import OutcomeUnknown
from integrations.hub.merge import Rule
from integrations.hub.merge.loop import reconcile
from tests.integrations.hub.merge.test_mutations import AllIntentsDropped, NoLateLanding
from tests.integrations.hub.merge.world import Config, World

CONFIG = Config(Rule.THEIRS_WINS, is_guarded=False, has_marker=False, normalises=True)
AT_THE_CALL = ["", "", "", ""]


def turned(pair: World, *script: str) -> None:
    with pair.disturbed(list(script), []), suppress(OutcomeUnknown):
        reconcile(pair, pair, pair.fields)


def landed_after_a_newer_write(pair: World) -> None:
    pair.edit_ours("name")
    turned(pair, *AT_THE_CALL, "late")
    pair.edit_ours("name")
    turned(pair)
    pair.land_late()


def landed_after_a_newer_write_was_refused_once(pair: World) -> None:
    """Of the first write nothing is known still."""
    pair.edit_ours("name")
    turned(pair, *AT_THE_CALL, "late")
    pair.edit_ours("name")
    turned(pair, *AT_THE_CALL, "refused")
    pair.land_late()


STORIES = [
    (NoLateLanding, landed_after_a_newer_write),
    (AllIntentsDropped, landed_after_a_newer_write_was_refused_once),
]


def told(pair: World, happens: Callable[[World], None]) -> None:
    """The story and its end; raises AssertionError when the newer value has not stood."""
    happens(pair)
    for _ in range(3):
        turned(pair)
    assert (pair.ours["name"], pair.theirs["name"]) == (" V2 ", "v2")
    assert (pair.lost(), pair.log) == ([], [])


@pytest.mark.parametrize(("mutant", "happens"), STORIES)
def test_merge_brings_the_story_to_a_good_end(
    mutant: type[World], happens: Callable[[World], None]
) -> None:
    told(World(CONFIG), happens)


@pytest.mark.parametrize(("mutant", "happens"), STORIES)
def test_fault_does_not_get_through_the_story(
    mutant: type[World], happens: Callable[[World], None]
) -> None:
    with pytest.raises(AssertionError):
        told(mutant(CONFIG), happens)


def test_turn_ends_in_contention_after_its_eighth_round() -> None:
    races = ["", "", "ours", *["", "ours"] * 7]
    pair = World(CONFIG)
    with pair.disturbed(races[:-1], []):
        assert reconcile(pair, pair, pair.fields).rounds == 8

    pair = World(CONFIG)
    with pair.disturbed(races, []), pytest.raises(Contended, match="faster"):
        reconcile(pair, pair, pair.fields)

    assert (pair.writes, pair.ours["name"]) == (0, " V8 ")
