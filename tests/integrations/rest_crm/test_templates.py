"""Body templates: what is filled in, left out and refused."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.rest_crm.paths import path_find
from integrations.rest_crm.plain import Unrenderable
from integrations.rest_crm.templates import MissingValue, TemplateError, template_parse


def rendered(template: Any, values: dict[str, Any], *, is_partial: bool = False) -> Any:
    return template_parse(json.dumps(template)).render(values, is_partial=is_partial)


def test_whole_placeholder_keeps_the_type() -> None:
    body = rendered(
        {"a": "{{n}}", "b": "{{ areas }}", "c": "{{at}}", "d": 5},
        {"n": Decimal("500000.00"), "areas": ["x"], "at": datetime(2026, 1, 2, tzinfo=UTC)},
    )

    assert body == {"a": 500000, "b": ["x"], "c": "2026-01-02T00:00:00+00:00", "d": 5}
    assert isinstance(body["a"], int)


def test_placeholder_inside_a_text_becomes_text() -> None:
    assert rendered("Lead {{id}}: {{ name? }}!", {"id": 7, "name": "Ada"}) == "Lead 7: Ada!"


def test_path_leads_into_objects_and_lists() -> None:
    values = {"account": {"tags": ["a", "b"], "name": "Acme"}}

    assert rendered(["{{account.name}}", "{{account.tags.1}}"], values) == ["Acme", "b"]


def test_path_never_reads_attributes() -> None:
    with pytest.raises(MissingValue, match=r"name.__class__"):
        rendered("{{name.__class__}}", {"name": "Ada"})


def test_filters_turn_lists_and_numbers_into_text() -> None:
    body = rendered({"a": "{{areas|join}}", "b": "{{n|text}}"}, {"areas": ["x", "y"], "n": 5})

    assert body == {"a": "x, y", "b": "5"}


def test_optional_without_value_is_left_out_with_its_constants() -> None:
    template = {"name": "{{name}}", "place": {"country": "AU", "city": "{{city?}}"}, "kind": "p"}

    assert rendered(template, {"name": "A"}) == {"name": "A", "kind": "p"}
    assert rendered(template, {"name": "A", "city": None}) == {"name": "A", "kind": "p"}
    assert rendered(template, {"name": "A", "city": "Perth"})["place"] == {
        "country": "AU",
        "city": "Perth",
    }


def test_required_without_value_is_named() -> None:
    with pytest.raises(MissingValue) as raised:
        rendered({"a": "{{name}}"}, {})

    assert raised.value.name == "name"


def test_partial_sends_what_changed_and_null_clears() -> None:
    template = {"name": "{{name}}", "phone": "{{phone?}}", "email": "{{email?}}"}

    assert rendered(template, {"phone": None}, is_partial=True) == {"phone": None}
    assert rendered(template, {}, is_partial=True) == {}


@pytest.mark.parametrize("value", [object(), float("nan"), Decimal("Infinity"), {"a": {1, 2}}])
def test_value_that_json_cannot_hold_is_refused_by_name(value: Any) -> None:
    with pytest.raises(Unrenderable, match="thing"):
        rendered("{{thing}}", {"thing": value})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n "a": "{{na me}}"}', "Line 2: .*is no placeholder"),
        ('{\n\n "a": "{{name"}', "Line 3"),
        ('{"a": "{{}}"}', "Line 1"),
        ('{"a": "{{name|upper}}"}', "no filter is called 'upper'"),
        ('{"a":\n 1,}', "no JSON"),
        ('{"a": NaN}', "NaN"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"{{a}}": 1}', "cannot be a name"),
        ('{"a": "\\u007b\\u007bx"}', "no placeholder"),
        ('{"a": "\\u007b{x|upper}}"}', "upper"),
        ("[" * 30 + "]" * 30, "nested"),
        ("[" * 9_000, "nested|no JSON"),
        (" " * 20_001, "at most"),
        ("", "Line 1"),
    ],
)
def test_parse_refuses_with_the_line(text: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        template_parse(text)


# --- Properties ---------------------------------------------------------------------------------

NAMES = ("alpha", "beta", "gamma", "delta")
VALUES = st.one_of(
    st.text(min_size=1, max_size=20),
    st.integers(-(10**12), 10**12),
    st.booleans(),
    st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=3),
)
KEYS = st.text("abcxyz", min_size=1, max_size=3)
LEAVES = st.one_of(
    st.sampled_from([f"{{{{{name}{mark}}}}}" for name in NAMES for mark in ("", "?")]),
    st.integers(0, 9),
    st.just("constant"),
)
TEMPLATES = st.recursive(
    LEAVES, lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=4), max_leaves=12
)


@given(TEMPLATES, st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)))
def test_every_whole_value_stands_where_the_template_says(
    template: Any, values: dict[str, Any]
) -> None:
    parsed = template_parse(json.dumps(template))

    body = json.loads(json.dumps(parsed.render(values)))

    for place, placeholder in parsed.leaves():
        assert path_find(body, place) == path_find(values, placeholder.path)


@given(TEMPLATES, st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_partial_never_asks_for_a_value_and_says_nothing_of_the_others(
    template: Any, values: dict[str, Any]
) -> None:
    parsed = template_parse(json.dumps(template))

    body = json.dumps(parsed.render(values, is_partial=True))

    assert "{{" not in body or any("{{" in str(value) for value in values.values())


@given(st.text(max_size=200) | st.text('{}[]":,ab?|.', max_size=60))
def test_any_text_is_a_template_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(TemplateError):
        template_parse(text)
