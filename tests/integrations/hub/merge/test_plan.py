"""The merge rule by rule, and the sequences the model checker has found once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.hub.errors import OutcomeUnknown
from integrations.hub.merge import (
    Base,
    Decision,
    Direction,
    Intent,
    MergeField,
    Ours,
    Plan,
    Rule,
    Sent,
    Side,
    Theirs,
    Untranslatable,
    plan,
)
from integrations.hub.merge.loop import reconcile
from tests.integrations.hub.merge.world import Config, Crash, Plain, World

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGREED = Base({"name": "Ada"}, {"name": "ada"})
NAME = MergeField("name", Plain(normalises=True))


def planned(
    ours: Any, theirs: Any, *, base: Base = AGREED, one: MergeField = NAME, **more: Any
) -> Plan:
    return plan(
        [one],
        Ours({"name": ours}, 1, {"name": more.pop("ours_at", NOON)}, more.pop("ranks", {})),
        Theirs({"name": theirs}, modified_at=more.pop("theirs_at", NOON)),
        base,
        **more,
    )


def test_change_of_one_side_travels_and_is_no_conflict() -> None:
    there, here = planned("Ada B", "ada"), planned("Ada", "ada c")

    assert there.pushes == {"name": Sent("Ada B", "Ada B")}
    assert here.pulls == {"name": "ada c"}
    assert (there.conflicts, here.conflicts) == ((), ())


def test_what_the_vendor_made_of_our_value_is_no_change() -> None:
    same = planned("Ada", "ADA ", base=Base())

    assert (same.pulls, same.pushes, same.agreed) == ({}, {}, {"name"})
    assert same.base == Base({"name": "Ada"}, {"name": "ada"})


@pytest.mark.parametrize(
    ("rule", "winner"),
    [(Rule.OURS_WINS, Side.OURS), (Rule.THEIRS_WINS, Side.THEIRS), (Rule.MANUAL, None)],
)
def test_clash_is_settled_by_its_rule_and_keeps_both_values(
    rule: Rule, winner: Side | None
) -> None:
    found = planned("Ada B", "ada c", one=replace(NAME, rule=rule))

    (clash,) = found.conflicts
    assert (clash.base, clash.ours, clash.theirs) == ("Ada", "Ada B", "ada c")
    assert clash.winner == winner
    assert bool(found.pushes) == (winner == Side.OURS)
    assert bool(found.pulls) == (winner == Side.THEIRS)


@pytest.mark.parametrize(
    ("seconds", "winner"),
    [(10, Side.THEIRS), (-10, Side.OURS), (1, Side.THEIRS), (-1, Side.THEIRS)],
)
def test_last_write_wins_and_a_tie_falls_back(seconds: int, winner: Side) -> None:
    found = planned("Ada B", "ada c", theirs_at=NOON + timedelta(seconds=seconds))

    assert found.conflicts[0].winner == winner


@pytest.mark.parametrize(("rank", "winner"), [(1, Side.THEIRS), (9, Side.OURS)])
def test_higher_source_wins_by_priority(rank: int, winner: Side) -> None:
    ranked = replace(NAME, rule=Rule.FIELD_PRIORITY, rank=5)

    found = planned("Ada B", "ada c", one=ranked, ranks={"name": rank})

    assert found.conflicts[0].winner == winner


def test_field_new_to_the_link_takes_the_value_over_the_blank() -> None:
    assert planned("", "ada", base=Base()).pulls == {"name": "ada"}
    assert planned("Ada", "", base=Base()).pushes == {"name": Sent("Ada", "Ada")}


def test_field_new_to_the_link_on_both_sides_keeps_the_loser() -> None:
    found = planned("Bob", "ada", base=Base())

    assert found.pulls == {"name": "ada"}
    assert (found.conflicts[0].ours, found.conflicts[0].winner) == ("Bob", Side.THEIRS)


@pytest.mark.parametrize(
    ("rule", "winner"),
    [(Rule.OURS_WINS, Side.OURS), (Rule.THEIRS_WINS, Side.THEIRS), (Rule.MANUAL, None)],
)
@pytest.mark.parametrize("first", list(Side))
def test_rule_that_names_a_side_decides_where_the_two_first_meet_as_well(
    rule: Rule, winner: Side | None, first: Side
) -> None:
    found = planned("Bob", "ada", base=Base(), one=replace(NAME, rule=rule, first=first))

    (clash,) = found.conflicts
    assert (clash.ours, clash.theirs, clash.winner) == ("Bob", "ada", winner)
    assert bool(found.pushes) == (winner == Side.OURS)
    assert bool(found.pulls) == (winner == Side.THEIRS)


@pytest.mark.parametrize("first", list(Side))
@pytest.mark.parametrize("hours", [1, -1])
def test_times_decide_nothing_where_the_two_first_meet(first: Side, hours: int) -> None:
    one = replace(NAME, first=first)

    found = planned("Bob", "ada", base=Base(), one=one, ours_at=NOON + timedelta(hours=hours))

    assert [clash.winner for clash in found.conflicts] == [first]


@pytest.mark.parametrize("first", list(Side))
@pytest.mark.parametrize("rank", [1, 9])
def test_ranks_decide_nothing_where_the_two_first_meet(first: Side, rank: int) -> None:
    one = replace(NAME, rule=Rule.FIELD_PRIORITY, rank=5, first=first)

    found = planned("Bob", "ada", base=Base(), one=one, ranks={"name": rank})

    assert [clash.winner for clash in found.conflicts] == [first]


def test_decision_holds_for_the_values_it_was_shown_only() -> None:
    manual = replace(NAME, rule=Rule.MANUAL)
    decided = {"name": Decision(Side.OURS, "Ada B", "ada c")}

    assert planned("Ada B", "ada c", one=manual, decisions=decided).pushes
    anew = planned("Ada B", "ada d", one=manual, decisions=decided)
    assert (anew.pushes, len(anew.conflicts)) == ({}, 1)


def test_one_way_field_ignores_the_other_side_unless_enforced() -> None:
    pushed = replace(NAME, direction=Direction.PUSH)

    assert planned("Ada", "ada c", one=pushed).diverging == {"name"}
    assert planned("Ada", "ada c", one=replace(pushed, is_enforced=True)).pushes
    assert planned("Ada B", "ada", one=pushed).conflicts == ()
    assert planned("Ada B", "ada", one=replace(pushed, direction=Direction.PULL)).pulls == {}


def test_own_write_whose_answer_was_lost_is_known_again() -> None:
    sent = Intent("k1", {"name": Sent("Ada B", "Ada B")})

    found = planned("Ada C", "ada b", intents=[sent])

    assert found.conflicts == ()
    assert found.pushes == {"name": Sent("Ada C", "Ada C")}
    assert found.resolved == ("k1",)


@pytest.mark.parametrize("is_open", [True, False], ids=("first look", "later look"))
def test_clash_after_a_lost_answer_is_in_doubt_without_a_marker(is_open: bool) -> None:
    sent = Intent("k1", {"name": Sent("Ada B", "Ada B")}, is_open=is_open)

    assert planned("Ada C", "ada d", intents=[sent]).conflicts[0].is_in_doubt


@dataclass(frozen=True)
class Strict(Plain):
    """Nothing of ours has a counterpart there."""

    def to_theirs(self, ours: Any) -> Any:
        error = Untranslatable("No stage of theirs is meant by 'Won'.")
        error.waits_for = "stage:5"
        raise error


STRICT = MergeField("name", Strict(normalises=True))


def test_untranslatable_value_leaves_its_field_alone() -> None:
    found = planned("Ada B", "ada", one=STRICT)

    assert found.failures == {"name": "No stage of theirs is meant by 'Won'."}
    assert found.waits_for == ("stage:5",)
    assert (found.pushes, found.base) == ({}, AGREED)


def test_untranslatable_value_gives_way_to_a_change_of_theirs() -> None:
    found = planned("Ada", "ada c", one=STRICT)

    assert (found.pulls, found.failures) == ({"name": "ada c"}, {})


def test_untranslatable_value_that_nobody_changed_is_no_failure_again() -> None:
    found = planned("Ada", "ada", one=STRICT)

    assert (found.failures, found.diverging) == ({}, {"name"})


def test_value_that_cannot_be_sent_wins_no_conflict() -> None:
    found = planned("Ada B", "ada c", one=replace(STRICT, rule=Rule.OURS_WINS))

    assert (found.conflicts, list(found.failures)) == ((), ["name"])


def world(**config: Any) -> World:
    defaults = {
        "rule": Rule.OURS_WINS,
        "is_guarded": False,
        "has_marker": False,
        "normalises": True,
    }
    return World(Config(**(defaults | config)))


def test_write_that_lands_late_does_not_bring_an_old_value_back() -> None:
    pair = world(rule=Rule.THEIRS_WINS)
    pair.edit_ours("name")
    with pair.disturbed(["", "", "", "", "late"], []), suppress(OutcomeUnknown):
        reconcile(pair, pair, pair.fields)
    pair.edit_ours("name")
    reconcile(pair, pair, pair.fields)
    pair.land_late()

    for _ in range(3):
        reconcile(pair, pair, pair.fields)

    assert (pair.ours["name"], pair.theirs["name"]) == (" V2 ", "v2")
    assert pair.log == []


def test_old_page_after_our_write_changes_nothing() -> None:
    pair = world()
    pair.edit_theirs("name")
    old = pair.row()
    reconcile(pair, pair, pair.fields, old)
    pair.edit_ours("name")
    reconcile(pair, pair, pair.fields)

    result = reconcile(pair, pair, pair.fields, old)

    assert (dict(result.plan.pulls), result.pushed) == ({}, {})
    assert pair.theirs["name"] == "v2"


@pytest.mark.parametrize("editor", ["ours", "theirs"])
def test_write_that_was_seen_to_land_is_not_looked_for_again(editor: str) -> None:
    """Found by the model checker: the marker stays while people edit, and set the base back."""
    pair = world(has_marker=True, normalises=False)
    pair.edit_ours("name")
    script = ["", "", "", "", "refused", "", "", "", "", "", "", "crash"]
    with pair.disturbed(script, []), suppress(Crash):
        reconcile(pair, pair, pair.fields)
    with pair.disturbed(["theirs"], []):
        reconcile(pair, pair, pair.fields)

    with pair.disturbed([editor], []):
        reconcile(pair, pair, pair.fields)

    assert pair.log == []


def test_page_that_is_news_costs_no_read() -> None:
    pair = world()
    pair.edit_theirs("name")
    row = pair.row()
    pair.read = None  # type: ignore[assignment]

    reconcile(pair, pair, pair.fields, row)

    assert pair.ours["name"] == "v1"


def test_unguarded_write_looks_again_before_it_is_sent() -> None:
    pair = world()
    row = pair.row()
    pair.edit_theirs("phone")
    pair.edit_ours("name")

    reconcile(pair, pair, pair.fields, row)

    assert (pair.ours["phone"], pair.theirs["name"]) == ("v1", "v2")


@pytest.mark.parametrize("way", [Direction.PULL, Direction.PUSH])
def test_blank_source_overwrites_nothing_when_the_two_first_meet(way: Direction) -> None:
    one = replace(NAME, direction=way)
    ours, theirs = ("Ada", "") if way == Direction.PULL else ("", "ada")

    met = planned(ours, theirs, base=Base(), one=one)

    assert (met.pulls, met.pushes, met.diverging) == ({}, {}, {"name"})
    later = planned(
        "Eve" if way == Direction.PUSH else ours, theirs or "eve", base=met.base, one=one
    )
    assert bool(later.pulls if way == Direction.PULL else later.pushes)


@pytest.mark.parametrize("way", [Direction.PULL, Direction.PUSH])
def test_what_a_one_way_field_overwrites_at_first_is_kept_as_a_conflict(way: Direction) -> None:
    met = planned("Ada", "eve", base=Base(), one=replace(NAME, direction=way))

    (kept,) = met.conflicts
    assert (kept.ours, kept.theirs) == ("Ada", "eve")
    assert kept.winner == (Side.THEIRS if way == Direction.PULL else Side.OURS)


@pytest.mark.parametrize("way", [Direction.PULL, Direction.PUSH])
def test_what_was_typed_on_the_side_that_does_not_count_is_kept_when_it_is_overwritten(
    way: Direction,
) -> None:
    met = planned("Ada B", "ada c", one=replace(NAME, direction=way))

    (kept,) = met.conflicts
    assert (kept.base, kept.ours, kept.theirs) == ("Ada", "Ada B", "ada c")
    assert kept.winner == (Side.THEIRS if way == Direction.PULL else Side.OURS)


@dataclass(frozen=True)
class Linked(Plain):
    """A link; the vendor drops those to things that are gone there."""

    gone: tuple[str, ...] = ()
    linked: tuple[str, ...] = ("ada",)

    def to_theirs(self, ours: Any) -> Any:
        if ours and ours not in self.linked:
            error = Untranslatable(f"{ours} is not linked.")
            error.waits_for = f"person:{ours}"
            raise error
        return ours

    def lost(self, theirs: Any, seen_at: datetime | None) -> Any:
        if theirs.startswith("lost:"):
            return theirs
        return f"lost:{theirs}" if theirs in self.gone else None


LINKED = Base({"name": "ada"}, {"name": "ada"})
LOST = Base({"name": "ada"}, {"name": "lost:ada"})
DROPPED = MergeField("name", Linked(False, gone=("ada",), linked=()))
BACK = MergeField("name", Linked(False))


def test_link_that_went_with_its_thing_is_no_change_of_theirs() -> None:
    held = planned("ada", "", base=LINKED, one=DROPPED)

    assert (held.pulls, held.pushes, held.failures, held.conflicts) == ({}, {}, {}, ())
    assert (held.base, held.waits_for) == (LOST, ("person:ada",))
    assert held.diverging == {"name"}


def test_lost_link_is_sent_again_once_its_thing_is_linked_again() -> None:
    assert planned("ada", "", base=LOST, one=BACK).pushes == {"name": Sent("ada", "ada")}
    agreed = planned("ada", "ada", base=LOST, one=BACK)
    assert (agreed.pushes, agreed.base) == ({}, LINKED)


def test_lost_link_that_is_only_taken_over_stays_here_and_is_not_sent() -> None:
    one = replace(BACK, direction=Direction.PULL)

    held = planned("ada", "", base=LOST, one=one)

    assert (held.pulls, held.pushes, held.diverging) == ({}, {}, {"name"})


def test_blank_of_theirs_is_a_change_while_the_thing_is_there() -> None:
    assert planned("ada", "", base=LINKED, one=BACK).pulls == {"name": ""}


def test_another_link_that_somebody_set_there_meanwhile_is_their_change_alone() -> None:
    one = MergeField("name", Linked(False, linked=("bob",)))

    taken = planned("ada", "bob", base=LOST, one=one)

    assert (taken.pulls, taken.conflicts) == ({"name": "bob"}, ())


def test_edit_of_ours_of_a_lost_link_is_no_conflict() -> None:
    one = MergeField("name", Linked(False, gone=("ada",), linked=("bob",)), rule=Rule.MANUAL)

    sent = planned("bob", "", base=LINKED, one=one)

    assert (set(sent.pushes), sent.conflicts) == ({"name"}, ())
    assert sent.base.theirs == {"name": "lost:ada"}


@pytest.mark.parametrize("direction", [Direction.PUSH, Direction.PULL])
def test_value_that_a_blank_left_alone_is_kept_when_it_is_overwritten_later(
    direction: Direction,
) -> None:
    """Who types there sees nothing, and so knows of nothing that is overwritten here."""
    one = replace(NAME, direction=direction)
    sides = (
        {"ours": "", "theirs": "ada"}
        if direction == Direction.PUSH
        else {"ours": "Ada", "theirs": ""}
    )
    met = planned(**sides, base=Base(), one=one)
    assert (met.pulls, met.pushes, met.conflicts) == ({}, {}, ())
    source = "ours" if direction == Direction.PUSH else "theirs"

    found = planned(**sides | {source: "bob"}, base=met.base, one=one)

    [kept] = found.conflicts
    assert (kept.winner, kept.ours, kept.theirs) == (
        Side(source),
        *((sides | {source: "bob"})[side] for side in ("ours", "theirs")),
    )
