"""Links, people and choices that are records: both ways, and what waits for what."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.hub.mapping import Chain, InvalidTransform, chain_of
from integrations.hub.mapping.lookups import Fate, Link, Owner, People, Reference, Unlinked
from integrations.hub.merge import Untranslatable

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA, BEN, ADMIN = 1, 2, 9
PEOPLE = People(users={"a1": ADA, "a2": ADA, "b-gone": BEN}, externals={ADA: "a1"}, fallback=ADMIN)


@dataclass(frozen=True)
class Companies:
    """Two links, both ways."""

    object: str = "company"
    record_type: str = "account"
    known: dict[str, int] = field(default_factory=lambda: {"c5": 5})

    def ours_of(self, external_id: str) -> int | None:
        return self.known.get(external_id)

    def theirs_of(self, local_id: int) -> str | None:
        return next((key for key, value in self.known.items() if value == local_id), None)

    def fate_of(self, external_id: str) -> Fate:
        return {"c6": Fate.GONE, "c7": Fate.DOUBTED}.get(external_id, Fate.THERE)

    def was_away_after(self, external_id: str, at: datetime) -> bool:
        return external_id == "c8" and at < NOON


def owner(people: People = PEOPLE) -> Chain:
    return chain_of([{"kind": "owner"}], made={"owner:": Owner(find=lambda: people)})


def link() -> Chain:
    return chain_of(
        [{"kind": "link", "name": "company"}],
        made={"link:company": Link("company", Companies())},
    )


def test_link_is_an_id_on_each_side() -> None:
    assert link().to_ours("c5") == 5
    assert link().to_theirs(5) == "c5"
    assert link().canonical_theirs("c5") == "c5"


def test_link_to_what_is_gone_there_is_known_as_lost_until_it_is_agreed_on_again() -> None:
    assert link().lost("c5", NOON) is None
    assert link().lost("c6", NOON) == "lost:c6"
    assert link().lost("c7", NOON) == "c7"
    assert link().lost("lost:c5", NOON) == "lost:c5"
    assert owner().lost("a1", NOON) is None


def test_link_to_what_was_away_since_it_was_seen_last_went_with_it() -> None:
    before = NOON - timedelta(minutes=1)

    assert link().lost("c8", before) == "lost:c8"
    assert link().lost("c8", NOON) is None
    assert link().lost("c8", None) is None


def test_link_without_counterpart_says_what_it_waits_for() -> None:
    with pytest.raises(Unlinked, match="not linked") as theirs:
        link().to_ours("c6")
    with pytest.raises(Unlinked, match="no counterpart") as ours:
        link().to_theirs(6)

    assert theirs.value.waits_for == "company:c6"
    assert ours.value.waits_for == "account:6"
    assert link().canonical_theirs("c6") == "c6"


def test_link_value_that_is_too_long_for_an_id_waits_for_nothing() -> None:
    with pytest.raises(Untranslatable, match="too long") as refused:
        link().to_ours("c" * 256)

    assert not isinstance(refused.value, Unlinked)
    assert len(str(refused.value)) < 100


def test_link_outside_a_connection_leads_nowhere() -> None:
    with pytest.raises(Unlinked):
        chain_of([{"kind": "link", "name": "company"}]).to_ours("c5")


def test_people_of_one_user_are_one_and_the_first_gets_the_records() -> None:
    assert owner().to_ours("a2") == ADA
    assert owner().to_theirs(ADA) == "a1"
    assert owner().canonical_theirs("a2") == owner().canonical_theirs("a1") == "a1"


def test_stranger_goes_to_the_fallback_and_is_never_sent_as_it() -> None:
    chain = owner(People(PEOPLE.users, {**PEOPLE.externals, ADMIN: "admin"}, ADMIN))

    assert chain.to_ours("stranger") == ADMIN
    assert chain.to_ours(chain.canonical_theirs("stranger")) == ADMIN
    assert chain.canonical_theirs("stranger") != chain.canonical_theirs("admin")
    assert chain.canonical_theirs(chain.canonical_theirs("stranger")) == chain.canonical_theirs(
        "stranger"
    )


def test_owner_without_counterpart_is_not_sent() -> None:
    for nobody in (BEN, ADMIN, 77):
        with pytest.raises(Untranslatable, match="no counterpart"):
            owner().to_theirs(nobody)

    assert owner().canonical_theirs("b-gone") == "b-gone"


def test_stranger_without_any_admin_is_refused() -> None:
    with pytest.raises(Untranslatable, match="nobody here"):
        owner(People()).to_ours("stranger")


def test_nobody_stays_nobody() -> None:
    assert owner().to_ours("") is None
    assert owner().to_theirs(None) == owner().canonical_theirs(None) == ""


def test_reference_is_our_number() -> None:
    stage = Reference("stage", theirs={"won": 7, "closed": 7}, ours={7: "won"})
    chain = chain_of([{"kind": "reference", "name": "stage"}], made={"reference:stage": stage})

    assert chain.to_ours("closed") == 7
    assert chain.to_theirs(7) == "won"
    with pytest.raises(Untranslatable, match="values of stage"):
        chain.to_ours("new")
    with pytest.raises(Untranslatable, match="values of stage"):
        chain.to_theirs(8)
    with pytest.raises(Untranslatable, match="no number"):
        chain.to_theirs("seven")


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "link"},
        {"kind": "link", "name": "company", "table": "x"},
        {"kind": "picklist", "name": "status", "theirs": {"a": "b"}},
        {"kind": "number", "factor": "much"},
        {"kind": "number", "factor": 0},
        {"kind": "boolean", "is_text": "yes"},
        {"kind": "split", "separator": ""},
        {"kind": "split", "separator": 5},
    ],
)
def test_step_that_is_told_wrong_things_is_refused(step: dict[str, Any]) -> None:
    with pytest.raises(InvalidTransform):
        chain_of([step])
