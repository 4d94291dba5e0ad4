"""What is planned for a record that nobody here knows is what the merge says of nothing of ours."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from integrations.hub.mapping.chain import Chain, chain_of
from integrations.hub.mapping.transforms import Picklist
from integrations.hub.merge import Base, Direction, MergeField, Ours, Rule, Side, Theirs, plan
from integrations.hub.merge.newcomers import new_fields, plan_of_newcomer

PICKLIST = Picklist("status", {"new": "lead", "old": "lead", "none": ""}, {"lead": "new"})
CHAINS: list[Chain] = [
    chain_of([]),
    chain_of([{"kind": "lower"}]),
    chain_of([{"kind": "number"}]),
    chain_of([{"kind": "boolean"}]),
    chain_of([{"kind": "date_parse"}]),
    chain_of([{"kind": "split"}]),
    Chain((PICKLIST,)),
    Chain(chain_of([]).steps, blank=None),
    Chain(chain_of([{"kind": "number"}]).steps, blank="0"),
]
FIELDS = st.builds(
    MergeField,
    name=st.sampled_from(["name", "email_opt_in", "amount"]),
    codec=st.sampled_from(CHAINS),
    direction=st.sampled_from(list(Direction)),
    rule=st.sampled_from(list(Rule)),
    first=st.sampled_from(list(Side)),
    is_enforced=st.booleans(),
    is_consent=st.booleans(),
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from(
        ["", " ", "Ada ", "new", "old", "none", "true", "0", "1.50", "a;b", "2026-01-02"]
    ),
    st.lists(st.sampled_from(["a", ""]), max_size=2),
)


@given(
    fields=st.lists(FIELDS, min_size=1, max_size=3, unique_by=lambda one: one.name),
    values=st.dictionaries(st.sampled_from(["name", "email_opt_in", "amount"]), VALUES),
)
def test_newcomer_is_planned_as_the_merge_would(
    fields: list[MergeField], values: dict[str, Any]
) -> None:
    theirs = Theirs(values)

    found = plan_of_newcomer(new_fields(fields), theirs)

    assert found == plan(fields, Ours({}, 0), theirs, Base())
