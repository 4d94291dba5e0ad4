"""Owners through the merge: a stranger's records go to the admin, and nothing goes to and fro."""

from __future__ import annotations

import pytest

from integrations.hub.mapping.chain import Chain
from integrations.hub.mapping.lookups import Owner, People
from integrations.hub.merge import (
    Base,
    Decision,
    Direction,
    MergeField,
    Ours,
    Plan,
    Rule,
    Side,
    Theirs,
    plan,
)

ADA, ADMIN = 1, 9
KNOWN = People({"a": ADA}, {ADA: "a"}, ADMIN)
ADMIN_KNOWN = People({"a": ADA, "adm": ADMIN}, {ADA: "a", ADMIN: "adm"}, ADMIN)
NOTHING: tuple[dict[str, object], dict[str, object]] = ({}, {})


def look(
    people: People,
    ours: int | None,
    theirs: str,
    base: Base | None = None,
    rule: Rule = Rule.OURS_WINS,
    direction: Direction = Direction.BOTH,
) -> Plan:
    chain = Chain((Owner(find=lambda: people),))
    field = MergeField("owner", chain, direction=direction, rule=rule)
    return plan([field], Ours({"owner": ours}, 1), Theirs({"owner": theirs}), base or Base())


def moved(found: Plan) -> tuple[dict[str, object], dict[str, object]]:
    """What is taken over, and what is sent."""
    return dict(found.pulls), {name: one.sent for name, one in found.pushes.items()}


@pytest.mark.parametrize("people", [KNOWN, ADMIN_KNOWN])
def test_strangers_record_goes_to_the_admin_and_stays_the_strangers_there(people: People) -> None:
    first = look(people, None, "stranger")
    again = look(people, ADMIN, "stranger", first.base)

    assert moved(first) == ({"owner": ADMIN}, {})
    assert moved(again) == NOTHING
    assert (again.conflicts, again.failures) == ((), {})


@pytest.mark.parametrize("people", [KNOWN, ADMIN_KNOWN])
def test_strangers_record_that_is_given_to_somebody_here_is_given_there(people: People) -> None:
    base = look(people, None, "stranger").base

    assert moved(look(people, ADA, "stranger", base)) == ({}, {"owner": "a"})


def test_stranger_who_becomes_known_gets_the_records() -> None:
    base = look(KNOWN, None, "stranger").base
    people = People({"a": ADA, "stranger": 3}, {ADA: "a", 3: "stranger"}, ADMIN)

    assert moved(look(people, ADMIN, "stranger", base)) == ({"owner": 3}, {})


def test_record_that_moves_from_stranger_to_stranger_stays_with_the_admin() -> None:
    base = look(KNOWN, None, "stranger").base

    found = look(KNOWN, ADMIN, "other", base)

    assert moved(found) == NOTHING
    assert moved(look(KNOWN, ADMIN, "other", found.base)) == NOTHING


def test_owner_here_is_kept_and_sent_where_a_record_first_meets_a_strangers() -> None:
    found = look(KNOWN, ADA, "stranger")

    assert moved(found) == ({}, {"owner": "a"})
    assert [one.winner for one in found.conflicts] == [Side.OURS]


def test_owner_here_whom_nobody_knows_there_is_kept_where_a_record_first_meets() -> None:
    found = look(KNOWN, 77, "stranger")

    assert moved(found) == NOTHING
    assert (found.conflicts, list(found.failures)) == ((), ["owner"])


@pytest.mark.parametrize("rule", [Rule.THEIRS_WINS, Rule.LAST_WRITE, Rule.FIELD_PRIORITY])
@pytest.mark.parametrize("way", [Direction.BOTH, Direction.PULL])
def test_stranger_takes_nobodys_record_whatever_the_rule(rule: Rule, way: Direction) -> None:
    found = look(KNOWN, ADA, "stranger", rule=rule, direction=way)
    again = look(KNOWN, ADA, "stranger", found.base, rule=rule, direction=way)

    assert (moved(found), found.conflicts, found.diverging) == (NOTHING, (), {"owner"})
    assert (moved(again), again.conflicts) == (NOTHING, ())


def test_record_that_is_given_to_a_stranger_there_keeps_its_owner_here() -> None:
    base = look(KNOWN, ADA, "a").base

    found = look(KNOWN, ADA, "stranger", base)

    assert (moved(found), found.conflicts) == (NOTHING, ())
    known = People({"a": ADA, "stranger": 3}, {ADA: "a", 3: "stranger"}, ADMIN)
    assert moved(look(known, ADA, "stranger", found.base)) == ({"owner": 3}, {})


def test_person_may_give_a_strangers_record_to_the_admin() -> None:
    people, chain = KNOWN, Chain((Owner(find=lambda: KNOWN),))
    shown = look(people, ADA, "stranger", rule=Rule.MANUAL).conflicts[0]
    decided = {"owner": Decision(Side.THEIRS, shown.ours, shown.theirs)}

    found = plan(
        [MergeField("owner", chain, rule=Rule.MANUAL)],
        Ours({"owner": ADA}, 1),
        Theirs({"owner": "stranger"}),
        Base(),
        decisions=decided,
    )

    assert moved(found) == ({"owner": ADMIN}, {})


def test_conflict_keeps_the_present_owner() -> None:
    base = look(KNOWN, ADA, "a").base
    people = People({"a": ADA, "b": 2}, {ADA: "a", 2: "b"}, 3)

    found = look(people, 2, "stranger", base)

    assert moved(found) == ({}, {"owner": "b"})
    assert [one.winner for one in found.conflicts] == [Side.OURS]


def test_owner_without_counterpart_is_told_and_not_sent() -> None:
    base = look(KNOWN, ADA, "a").base

    found = look(KNOWN, 77, "a", base)

    assert moved(found) == NOTHING
    assert "no counterpart" in found.failures["owner"]
    assert moved(look(KNOWN, 77, "", Base())) == NOTHING


def test_new_record_of_ours_without_counterpart_owner_sends_none() -> None:
    found = look(KNOWN, ADMIN, "")

    assert moved(found) == NOTHING
    assert list(found.failures) == ["owner"]
