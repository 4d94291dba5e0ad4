"""Values between two spellings: there and back, blank as blank, and refused in words."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from integrations.hub.mapping import InvalidTransform, chain_of
from integrations.hub.mapping.transforms import Picklist
from integrations.hub.merge import Untranslatable

LIFECYCLE = Picklist(
    "lifecycle",
    theirs={"won": "converted", "closed_won": "converted", "new": "new"},
    ours={"converted": "won", "new": "new"},
)


@pytest.mark.parametrize(
    ("steps", "theirs", "ours"),
    [
        ([], " Ada ", "Ada"),
        ([{"kind": "lower"}], "ADA@X.com", "ada@x.com"),
        ([{"kind": "phone_format", "country": "AU"}], "0400 000 001", "+61400000001"),
        ([{"kind": "phone_format"}], "ext. 12", "ext. 12"),
        ([{"kind": "number", "factor": 100}], "0.4", "40"),
        ([{"kind": "number"}], "1200.50", "1200.5"),
        ([{"kind": "boolean"}], "true", True),
        ([{"kind": "date_parse"}], "2026-11-21T08:00:00.123Z", "2026-11-21T08:00:00.123000+00:00"),
        ([{"kind": "date_parse", "theirs": "epoch_ms"}], "0", "1970-01-01T00:00:00+00:00"),
        ([{"kind": "date_parse", "is_date": True}], "2026-11-21T00:00:00Z", "2026-11-21"),
        (
            [{"kind": "date_parse", "theirs": "%d/%m/%Y", "is_date": True}],
            "01/02/2026",
            "2026-02-01",
        ),
        ([{"kind": "split"}], "a; b;", ["a", "b"]),
        ([{"kind": "join"}], ["a", "b"], "a, b"),
    ],
)
def test_value_is_taken_over_and_comes_back_the_same(
    steps: list[dict[str, Any]], theirs: Any, ours: Any
) -> None:
    chain = chain_of(steps)

    assert chain.to_ours(theirs) == ours
    assert chain.to_ours(chain.to_theirs(ours)) == ours
    assert chain.canonical_theirs(chain.to_theirs(ours)) == chain.canonical_theirs(theirs)


@pytest.mark.parametrize(
    ("steps", "theirs"),
    [
        ([{"kind": "number"}], "many"),
        ([{"kind": "number"}], "1e999"),
        ([{"kind": "boolean"}], "perhaps"),
        ([{"kind": "date_parse"}], "yesterday"),
        ([{"kind": "date_parse", "theirs": "epoch_ms"}], "9" * 30),
        ([], {"an": "object"}),
    ],
)
def test_value_without_counterpart_is_refused_in_words(
    steps: list[dict[str, Any]], theirs: Any
) -> None:
    with pytest.raises(Untranslatable):
        chain_of(steps).to_ours(theirs)


def test_picklist_understands_all_and_sends_the_first() -> None:
    chain = chain_of(
        [{"kind": "picklist", "name": "lifecycle"}], made={"picklist:lifecycle": LIFECYCLE}
    )

    assert chain.to_ours("closed_won") == "converted"
    assert chain.to_theirs("converted") == "won"
    assert chain.canonical_theirs("closed_won") == chain.canonical_theirs("won")
    with pytest.raises(Untranslatable, match="values of lifecycle"):
        chain.to_ours("unheard")
    assert chain.canonical_theirs("unheard") == "unheard"


def test_constant_is_sent_and_never_taken_over() -> None:
    chain = chain_of([{"kind": "const", "value": "web"}])

    assert chain.to_theirs("anything") == "web"
    with pytest.raises(Untranslatable):
        chain.to_ours("web")


@pytest.mark.parametrize("blank", [None, "", [], {}])
def test_blank_stays_blank(blank: Any) -> None:
    chain = chain_of([{"kind": "number"}])

    assert chain.to_ours(blank) is None
    assert chain.to_theirs(blank) == chain.canonical_theirs(blank) == ""


@pytest.mark.parametrize(
    "steps",
    [[{"kind": "eval"}], [{}], [{"kind": "lower", "much": 1}], [{"kind": "lower"}] * 6],
)
def test_unknown_steps_are_refused(steps: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidTransform):
        chain_of(steps)


VALUES = st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.booleans())


@given(
    theirs=VALUES,
    steps=st.sampled_from(
        [
            [],
            [{"kind": "lower"}],
            [{"kind": "number"}],
            [{"kind": "date_parse"}],
            [{"kind": "split"}],
            [{"kind": "phone_format", "country": "DE"}],
        ]
    ),
)
def test_canonical_form_is_its_own_canonical_form(theirs: Any, steps: list[dict[str, Any]]) -> None:
    chain = chain_of(steps)

    once = chain.canonical_theirs(theirs)

    assert chain.canonical_theirs(once) == once or once != once
