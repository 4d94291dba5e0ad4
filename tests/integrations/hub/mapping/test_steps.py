"""Steps as people write them: read, written, and the same again."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from integrations.hub.mapping.steps import steps_read, steps_write
from integrations.hub.mapping.transforms import InvalidTransform


def test_steps_are_read_line_by_line() -> None:
    text = 'lower\n\n split separator=";"\nlink company\nnumber factor=0.5 is_text=true\n'

    assert steps_read(text) == [
        {"kind": "lower"},
        {"kind": "split", "separator": ";"},
        {"kind": "link", "name": "company"},
        {"kind": "number", "factor": 0.5, "is_text": True},
    ]


def test_text_that_looks_like_a_number_stays_text() -> None:
    steps = [{"kind": "const", "value": "12"}, {"kind": "const", "value": 12}]

    assert steps_read(steps_write(steps)) == steps


@pytest.mark.parametrize("text", ['split separator="', "link a b", "number factor=1 factor=2"])
def test_line_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidTransform):
        steps_read(text)


OPTIONS = st.dictionaries(
    st.sampled_from(["value", "separator", "name"]),
    st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=8),
    max_size=3,
)


@given(options=st.lists(OPTIONS, max_size=3))
def test_what_is_written_is_read_back(options: list[dict[str, Any]]) -> None:
    steps = [
        {"kind": "const"} | one | ({"name": f"n{one['name']}"} if "name" in one else {})
        for one in options
    ]
    names = [step.get("name", "") for step in steps]
    if not any("=" in name for name in names):
        assert steps_read(steps_write(steps)) == steps
