"""Health, payment status and lead scores: pure functions with bounds."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.rules.health import MoneyEvent, health_after, payment_status
from crm.rules.lead_score import LeadFacts, lead_score, tier_of
from crm.rules.points import DEFAULT_POINTS

NOW = datetime.datetime(2026, 5, 4, tzinfo=datetime.UTC)


def facts(**changes: Any) -> LeadFacts:
    values: dict[str, Any] = {
        "email": "",
        "phone": "",
        "company": "",
        "title": "",
        "source": "",
        "status": "new",
        "budget_max": None,
        "last_contacted_at": None,
        "now": NOW,
    }
    return LeadFacts(**{**values, **changes})


@given(st.integers(0, 100), st.integers(-100, 100))
def test_health_stays_within_bounds(score: int, points: int) -> None:
    assert 0 <= health_after(score, points) <= 100


def event(state: str, hour: int, *, is_settled: bool = False) -> MoneyEvent:
    return MoneyEvent(state, NOW + datetime.timedelta(hours=hour), is_settled)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], "none"),
        ([event("succeeded", 1)], "current"),
        ([event("failed", 1)], "overdue"),
        ([event("failed", 2), event("succeeded", 1)], "overdue"),
        ([event("failed", 1), event("succeeded", 2)], "current"),
        ([event("failed", 2, is_settled=True), event("succeeded", 1)], "current"),
        ([event("failed", 1), event("succeeded", 1)], "overdue"),
        ([event("pending", 1)], "none"),
    ],
)
def test_payment_status(events: list[MoneyEvent], status: str) -> None:
    assert payment_status(events) == payment_status(events[::-1]) == status


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ({"email": "a@acme.test"}, 20),
        ({"email": "a@gmail.com"}, 0),
        ({"phone": "1"}, 10),
        ({"company": "Acme"}, 10),
        ({"title": "Vice President, Sales"}, 15),
        ({"title": "Headmaster"}, 0),
        ({"budget_max": Decimal(1)}, 15),
        ({"source": "Partner referral"}, 10),
        ({"status": "qualified"}, 10),
        ({"last_contacted_at": NOW - datetime.timedelta(days=13)}, 10),
        ({"last_contacted_at": NOW - datetime.timedelta(days=15)}, 0),
    ],
)
def test_lead_score_line(changes: dict[str, Any], points: int) -> None:
    assert lead_score(facts(**changes), DEFAULT_POINTS).score == points


def test_lead_score_names_its_reasons() -> None:
    result = lead_score(facts(phone="1", company="Acme"), DEFAULT_POINTS)

    assert str(result) == "+10 phone, +10 company"
    assert str(lead_score(facts(), DEFAULT_POINTS)) == "no signs"


def test_lead_score_stays_within_bounds() -> None:
    every = facts(email="a@acme.test", phone="1", company="A", title="CEO")

    assert lead_score(every, dict.fromkeys(DEFAULT_POINTS, 100)).score == 100
    assert lead_score(every, dict.fromkeys(DEFAULT_POINTS, -100)).score == 0


@pytest.mark.parametrize(("score", "tier"), [(0, "cold"), (40, "warm"), (69, "warm"), (70, "hot")])
def test_tier(score: int, tier: str) -> None:
    assert tier_of(score) == tier
