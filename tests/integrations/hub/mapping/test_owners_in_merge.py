"""Owners through the merge: a stranger's records go to the admin, and nothing goes to and fro."""

from __future__ import annotations

import pytest

from integrations.hub.mapping.chain import Chain
from integrations.hub.mapping.lookups import Owner, People
from integrations.hub.merge import Base, MergeField, Ours, Plan, Rule, Side, Theirs, plan

ADA, ADMIN = 1, 9
KNOWN = People({"a": ADA}, {ADA: "a"}, ADMIN)
ADMIN_KNOWN = People({"a": ADA, "adm": ADMIN}, {ADA: "a", ADMIN: "adm"}, ADMIN)
NOTHING: tuple[dict[str, object], dict[str, object]] = ({}, {})


def look(people: People, ours: int | None, theirs: str, base: Base | None = None) -> Plan:
    field = MergeField("owner", Chain((Owner(people=people),)), rule=Rule.OURS_WINS)
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

    assert moved(found) == ({"owner": ADMIN}, {})
    assert moved(look(KNOWN, ADMIN, "other", found.base)) == NOTHING


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
