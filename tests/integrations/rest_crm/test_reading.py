"""Their records in our names: alternatives, value maps, odd values, and the way there and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.choices import LeadStatus
from integrations.hub.errors import Rejected
from integrations.rest_crm.configuration import Configuration, ObjectRules, configuration_of
from integrations.rest_crm.reading import record_read
from integrations.rest_crm.writing import batch_body, body_of


def configuration(**settings: Any) -> Configuration:
    return configuration_of({"base_url": "https://crm.example.test", **settings})


def rules(kind: str = "lead", **settings: Any) -> ObjectRules:
    return configuration(**settings).objects[kind]


LEAD = {
    "id": "41",
    "name": "Ada Lovelace",
    "email": "ada@example.test",
    "phone": "+61 2 5550 1234",
    "source": "website",
    "status": "converted",
    "budget_min": Decimal("500000.00"),
    "budget_max": Decimal("750000.50"),
    "preferred_areas": ["Newtown", "Glebe"],
    "property": "crm_property_1",
    "owner": "agent_123",
    "utm_source": "spring",
    "notes": "Corner block",
    "created_at": datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
}


def test_lead_is_sent_as_the_contract_says() -> None:
    assert body_of(rules(), LEAD) == {
        "externalReference": "41",
        "name": "Ada Lovelace",
        "email": "ada@example.test",
        "phone": "+61 2 5550 1234",
        "source": "website",
        "status": "won",
        "budgetRange": {"min": 500000, "max": 750000.5},
        "preferredAreas": ["Newtown", "Glebe"],
        "relatedProperty": "crm_property_1",
        "assignedAgent": "agent_123",
        "utmSource": "spring",
        "notes": "Corner block",
        "createdDate": "2026-03-04T05:06:00+00:00",
    }


def test_property_is_sent_as_the_contract_says() -> None:
    values = {"id": "9", "title": "Mill", "price": Decimal(1), "city": "Perth", "status": "sold"}

    assert body_of(rules("property"), values) == {
        "internalId": "9",
        "name": "Mill",
        "askingPrice": 1,
        "location": {"city": "Perth"},
        "status": "sold",
    }


def test_alternative_names_are_understood() -> None:
    body = {
        "_id": 77,
        "contactName": "Ada",
        "mobile": "123",
        "stage": "Closed_Won",
        "leadSource": "web",
        "description": "Note",
        "preferredAreas": "Newtown, Glebe,",
        "budgetRange": {"min": "500,000", "max": ""},
        "internalId": "41",
    }

    reading = record_read(rules(), body)

    assert reading.problems == ()
    assert reading.values == {
        "external_id": "77",
        "id": "41",
        "name": "Ada",
        "phone": "123",
        "status": "converted",
        "source": "web",
        "notes": "Note",
        "preferred_areas": ["Newtown", "Glebe"],
        "budget_min": Decimal("500000"),
        "budget_max": None,
    }
    assert (reading.external_id, reading.our_id) == ("77", "41")


def test_first_place_with_a_value_wins_and_null_clears() -> None:
    lead = rules()

    assert record_read(lead, {"name": "A", "contactName": "B"}).values == {"name": "A"}
    assert record_read(lead, {"name": None, "contactName": "B"}).values == {"name": "B"}
    assert record_read(lead, {"notes": None}).values == {"notes": None}
    assert record_read(lead, {}).values == {}


def test_wrong_field_is_named_and_hides_no_other() -> None:
    body = {
        "status": "asleep",
        "budgetRange": {"min": "much", "max": True},
        "preferredAreas": 5,
        "createdDate": "yesterday",
        "name": ["x"],
        "email": "ada@example.test",
    }

    reading = record_read(rules(), body)

    assert reading.values == {"email": "ada@example.test"}
    assert [(one.field, one.place) for one in reading.problems] == [
        ("name", "name"),
        ("status", "status"),
        ("budget_min", "budgetRange.min"),
        ("budget_max", "budgetRange.max"),
        ("preferred_areas", "preferredAreas"),
        ("created_at", "createdDate"),
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-03-04T05:06:00Z", datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        ("2026-03-04T05:06:00", datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        (
            "2026-03-04T05:06:00+10:00",
            datetime(2026, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=10))),
        ),
        (1772600760, datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        (1772600760000, datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        ("", None),
    ],
)
def test_times_are_read_in_common_shapes(said: Any, expected: datetime | None) -> None:
    assert record_read(rules(), {"createdDate": said}).values["created_at"] == expected


@pytest.mark.parametrize("said", [1e300, "9" * 50, float("inf"), float("nan")])
def test_numbers_beyond_reason_are_problems(said: Any) -> None:
    reading = record_read(rules(), {"createdDate": said, "budgetRange": {"min": "1" * 50}})

    assert {one.field for one in reading.problems} == {"created_at", "budget_min"}


def test_agent_given_as_an_object_is_its_id() -> None:
    body = {"assignedAgent": {"id": "agent_1", "name": "Asha"}}

    assert record_read(rules(), body).values == {"owner": "agent_1"}


def test_changed_map_is_written_and_read() -> None:
    lead = rules(lead_fields="phone = contact.tel, mobile; preferred_areas = areas|join")
    values = {"phone": "1", "preferred_areas": ["a", "b"]}

    body = body_of(lead, values)

    assert body == {"contact": {"tel": "1"}, "areas": "a, b"}
    assert record_read(lead, body).values == values


def test_template_is_written_and_read_back() -> None:
    lead = rules(
        lead_template='{"type": "buyer", "who": {"full": "{{name}}"}, "state": "{{status?}}"}'
    )
    values = {"name": "Ada", "status": "lost"}

    body = body_of(lead, values)

    assert body == {"type": "buyer", "who": {"full": "Ada"}, "state": "lost"}
    assert record_read(lead, body).values == values
    assert record_read(lead, {"contactName": "Bob"}).values == {"name": "Bob"}


def test_status_nobody_mapped_is_refused_by_field() -> None:
    with pytest.raises(Rejected, match="status: 'asleep'"):
        body_of(rules(), {"status": "asleep"})


def test_status_switched_off_is_refused() -> None:
    with pytest.raises(Rejected, match="status: 'viewed'"):
        body_of(rules(lead_status="viewed ="), {"status": "viewed"})


def test_fields_of_one_object_go_out_together() -> None:
    lead = rules()

    assert lead.together({"budget_max", "name"}) == {"budget_min", "budget_max", "name"}
    assert lead.together({"name"}) == {"name"}


def test_batch_is_wrapped_as_the_settings_say() -> None:
    assert batch_body(configuration(), [{"a": 1}]) == {"items": [{"a": 1}]}
    assert batch_body(configuration(batch_template='"{{items}}"'), [{"a": 1}]) == [{"a": 1}]


# --- There and back -----------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)
AREA = st.text("abcdefgh", min_size=1, max_size=8)
MONEY = st.decimals(0, 10**12, places=2, allow_nan=False)
LEADS = st.fixed_dictionaries(
    {},
    optional={
        "id": WORDS,
        "name": WORDS,
        "email": WORDS,
        "phone": WORDS,
        "source": WORDS,
        "status": st.sampled_from(LeadStatus.values),
        "budget_min": MONEY,
        "budget_max": MONEY,
        "preferred_areas": st.lists(AREA, min_size=1, max_size=4),
        "property": WORDS,
        "owner": WORDS,
        "utm_source": WORDS,
        "notes": WORDS,
        "lost_reason": WORDS,
        "created_at": st.datetimes(
            min_value=datetime.fromisoformat("0001-01-03"),
            max_value=datetime.fromisoformat("9998-01-01"),
            timezones=st.just(UTC),
        ),
    },
)
SHAPES: list[dict[str, str]] = [
    {},
    {"lead_fields": "phone = person.contact.mobile; preferred_areas = areas|join"},
    {
        "lead_template": '{"lead": {"n": "{{name?}}", "s": "{{status?}}", "kind": 1},'
        ' "budget": ["{{budget_min?}}", 5, "{{budget_max?}}"]}'
    },
    {"lead_status": "new = 1; converted = 5, won; lost = 0; contacted = 2"},
]


@given(LEADS, st.sampled_from(SHAPES), st.booleans())
def test_lead_survives_the_way_there_and_back(
    values: dict[str, Any], settings: dict[str, str], is_partial: bool
) -> None:
    lead = rules(**settings)
    if "lead_template" in settings:
        # An array closes its gaps, so both ends of the budget are given.
        values = {"budget_min": Decimal(1), "budget_max": Decimal(2), **values}

    sent = json.dumps(body_of(lead, values, is_partial=is_partial))
    reading = record_read(lead, json.loads(sent, parse_float=Decimal))

    sent_names = {".".join(one.path) for one in lead.template.placeholders()}
    assert reading.problems == ()
    assert reading.values == {n: v for n, v in values.items() if n in sent_names}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
THEIR_NAMES = ["id", "name", "status", "budgetRange", "preferredAreas", "createdDate", "reason"]


@given(st.dictionaries(st.sampled_from(THEIR_NAMES), JSON))
def test_any_body_is_read_without_an_error(body: dict[str, Any]) -> None:
    reading = record_read(rules(), body)

    assert not set(reading.values) & {problem.field for problem in reading.problems}
