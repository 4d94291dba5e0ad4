"""A refusal of mail counts on whichever side it was said, and no sync takes it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integrations.hub.mapping.chain import chain_of
from integrations.hub.mapping.mapper import DataMapper, Row
from integrations.hub.merge import (
    Base,
    Decision,
    Direction,
    Intent,
    Ours,
    Plan,
    Rule,
    Sent,
    Side,
    Theirs,
    plan,
)
from tests.integrations.hub.merge.test_plan import NOON

NAME = "email_opt_in"
BOOLEAN = chain_of([{"kind": "boolean"}])
[CONSENT] = DataMapper([Row(NAME, "news", BOOLEAN)]).fields
RULES = [*Rule]
PUSHED, PULLED = (
    replace(CONSENT, direction=Direction.PUSH),
    replace(CONSENT, direction=Direction.PULL),
)


def known(ours: Any, theirs: Any) -> Base:
    return Base({NAME: ours}, {NAME: theirs})


def met(ours: Any, theirs: Any, base: Base, one: Any = CONSENT, **more: Any) -> Plan:
    at = NOON + timedelta(hours=more.pop("hours_later_here", 0))
    read = Theirs({NAME: theirs}, modified_at=NOON)
    return plan([one], Ours({NAME: ours}, 1, {NAME: at}), read, base, **more)


def outcome(found: Plan) -> tuple[Any, Any, list[Any]]:
    """What ours becomes, what theirs is sent, and who won what conflicts."""
    sent = found.pushes.get(NAME)
    winners = [clash.winner for clash in found.conflicts]
    return found.pulls.get(NAME), sent and sent.sent, winners


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("hours", [-1, 0, 1])
@pytest.mark.parametrize("base", [Base(), known(None, "")])
def test_refusal_there_wins_over_a_yes_here_whatever_the_rule_and_the_time(
    rule: Rule, hours: int, base: Base
) -> None:
    one = replace(CONSENT, rule=rule, first=Side.OURS)

    found = met(True, False, base, one, hours_later_here=hours)

    assert outcome(found) == (False, None, [Side.THEIRS])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("hours", [-1, 0, 1])
@pytest.mark.parametrize("base", [Base(), known(None, "")])
def test_refusal_here_wins_over_a_yes_there_whatever_the_rule_and_the_time(
    rule: Rule, hours: int, base: Base
) -> None:
    one = replace(CONSENT, rule=rule)

    found = met(False, True, base, one, hours_later_here=hours)

    assert outcome(found) == (None, False, [Side.OURS])


def test_refusal_of_one_side_travels_and_is_no_conflict() -> None:
    agreed = known(True, True)

    assert outcome(met(True, False, agreed)) == (False, None, [])
    assert outcome(met(False, True, agreed)) == (None, False, [])


def test_yes_fills_what_nobody_was_asked_about() -> None:
    assert outcome(met(None, True, Base())) == (True, None, [])
    assert outcome(met(True, None, Base())) == (None, True, [])


@pytest.mark.parametrize("rule", RULES)
def test_yes_there_after_both_knew_of_the_no_waits_for_a_person(rule: Rule) -> None:
    one, agreed = replace(CONSENT, rule=rule), known(False, False)

    found = met(False, True, agreed, one)

    assert outcome(found) == (None, None, [None])
    assert found.base == agreed

    yes = Decision(Side.THEIRS, ours=False, theirs=True)
    no = Decision(Side.OURS, ours=False, theirs=True)
    assert outcome(met(False, True, agreed, one, decisions={NAME: yes})) == (True, None, [])
    assert outcome(met(False, True, agreed, one, decisions={NAME: no})) == (None, False, [])


def test_no_that_was_forgotten_there_is_said_again() -> None:
    assert outcome(met(False, None, known(False, False))) == (None, False, [])


def test_no_that_was_forgotten_here_is_known_there() -> None:
    assert outcome(met(None, False, known(False, False))) == (False, None, [])


def test_person_who_opts_in_here_knowing_of_the_no_is_followed() -> None:
    assert outcome(met(True, False, known(False, False))) == (None, True, [])
    assert outcome(met(True, False, known(False, False), PUSHED)) == (None, True, [])


def test_opting_in_that_may_have_landed_before_the_no_waits_for_a_person() -> None:
    yes = Intent("k", {NAME: Sent(True, True)})

    for one in (CONSENT, PUSHED):
        found = met(True, False, known(False, False), one, intents=[yes])

        assert outcome(found) == (None, None, [None])
        assert found.conflicts[0].is_in_doubt


def test_yes_of_a_file_is_not_sent_over_a_no_that_is_known_there_only() -> None:
    """Nobody here knew of the refusal: what only sends has never taken it over."""
    found = met(True, False, known(None, False), PUSHED)

    assert (outcome(found), found.diverging) == ((None, None, []), {NAME})
    assert outcome(met(True, False, known(None, False))) == (False, None, [Side.THEIRS])


@pytest.mark.parametrize("is_enforced", [True, False])
def test_what_only_sends_never_overwrites_a_refusal_there(is_enforced: bool) -> None:
    one = replace(PUSHED, is_enforced=is_enforced)

    for base in (Base(), known(True, True), known(None, None)):
        found = met(True, False, base, one)
        assert (outcome(found), found.diverging) == ((None, None, []), {NAME})
        assert found.base == known(True, False)
    assert outcome(met(False, True, known(True, True), one)) == (None, False, [])


@pytest.mark.parametrize("is_enforced", [True, False])
def test_what_only_receives_never_overwrites_a_refusal_here(is_enforced: bool) -> None:
    one = replace(PULLED, is_enforced=is_enforced)

    for base in (Base(), known(False, False), known(True, None)):
        found = met(False, True, base, one)
        assert (outcome(found), found.diverging) == ((None, None, [Side.OURS]), {NAME})
        assert found.base == known(False, True)
    assert outcome(met(False, None, known(False, False), one)) == (None, None, [])
    assert outcome(met(True, False, known(True, True), one)) == (False, None, [])
    assert outcome(met(True, False, Base(), one)) == (False, None, [Side.THEIRS])


def test_what_cannot_be_read_there_may_be_a_refusal() -> None:
    for ours in (True, None):
        found = met(ours, "perhaps", known(ours, ""))
        assert (outcome(found), list(found.failures)) == ((None, None, []), [NAME])
    assert outcome(met(False, "perhaps", known(True, ""))) == (None, False, [Side.OURS])


def test_value_without_a_step_is_judged_as_it_is_stored() -> None:
    [plain] = DataMapper([Row(NAME, "news", chain_of([]))]).fields

    assert outcome(met(False, "1", Base(), plain))[2] == [Side.OURS]
    assert outcome(met(True, "False", Base(), plain))[2] == [Side.THEIRS]


@pytest.mark.parametrize(
    ("path", "is_consent"),
    [
        ("email_opt_in", True),
        ("contact.email_opt_in", True),
        ("custom.email_opt_in", False),
        ("first_name", False),
    ],
)
def test_row_of_the_mapping_says_what_is_consent(path: str, is_consent: bool) -> None:
    [one] = DataMapper([Row(path, "news", BOOLEAN)]).fields

    assert one.is_consent is is_consent
