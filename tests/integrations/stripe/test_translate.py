"""Stripe's objects as facts, in the present and in older shapes."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.stripe.translate import invoice_fact, period_of, subscription_fact

AT = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


def moment(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def invoice(**changes: Any) -> dict[str, Any]:
    return {
        "id": "in_1",
        "number": "NEXA-0007",
        "status": "paid",
        "currency": "aud",
        "subtotal": 14700,
        "total": 16170,
        "total_taxes": [{"amount": 1400}, {"amount": 70}],
        "amount_due": 16170,
        "amount_paid": 16170,
        "attempt_count": 1,
        "due_date": None,
        "created": 1792592000,
        "hosted_invoice_url": "https://invoice.stripe.com/i/x",
        "status_transitions": {"finalized_at": 1792595600, "paid_at": 1792595602},
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        **changes,
    }


def fact(**changes: Any) -> Any:
    return invoice_fact(invoice(**changes), account_id=7, occurred_at=AT)


def test_invoice_becomes_a_fact_in_whole_units() -> None:
    made = fact()

    assert (made.source, made.external_id, made.number) == ("stripe", "in_1", "NEXA-0007")
    assert (made.total, made.line_total, made.tax_total) == (
        Decimal("161.70"),
        Decimal("147"),
        Decimal("14.70"),
    )
    assert (made.currency, made.status, made.attempt_count) == ("AUD", "paid", 1)
    assert (made.issued_at, made.paid_at) == (moment(1792595600), moment(1792595602))
    assert made.due_at is None
    assert made.subscription_external_id == "sub_1"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"parent": {"subscription_details": {"subscription": {"id": "sub_2"}}}}, "sub_2"),
        ({"parent": None, "subscription": "sub_old"}, "sub_old"),
        ({"parent": None}, ""),
        ({"parent": {"type": "quote_details", "subscription_details": None}}, ""),
    ],
)
def test_invoice_names_its_subscription_in_any_shape(
    changes: dict[str, Any], expected: str
) -> None:
    assert fact(**changes).subscription_external_id == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"total_taxes": None, "tax": 1470}, "14.70"),
        ({"total_taxes": None, "total_tax_amounts": [{"amount": 100}]}, "1"),
        ({"total_taxes": []}, "0"),
        ({"total_taxes": None, "tax": None}, "0"),
    ],
)
def test_invoice_tax_in_any_shape(changes: dict[str, Any], expected: str) -> None:
    assert fact(**changes).tax_total == Decimal(expected)


def test_invoice_draft_has_neither_number_nor_dates() -> None:
    made = fact(number=None, status="draft", status_transitions={}, hosted_invoice_url=None)

    assert (made.number, made.url, made.paid_at) == ("", "", None)
    assert made.issued_at == moment(1792592000)


def subscription(**changes: Any) -> dict[str, Any]:
    price = {
        "type": "recurring",
        "unit_amount": 4900,
        "recurring": {"interval": "month", "interval_count": 1},
    }
    first = {"quantity": 1, "price": price, "current_period_start": 200, "current_period_end": 900}
    second = {**first, "current_period_start": 100, "current_period_end": 1000}
    return {
        "id": "sub_1",
        "status": "active",
        "currency": "aud",
        "start_date": 50,
        "cancel_at_period_end": True,
        "ended_at": None,
        "items": {"data": [first, second]},
        **changes,
    }


def test_subscription_becomes_a_fact() -> None:
    made = subscription_fact(subscription(), account_id=7, deal_id=3, seen_at=AT)

    assert (made.status, made.mrr, made.currency) == ("active", Decimal("98"), "AUD")
    assert (made.current_period_start, made.current_period_end) == (moment(100), moment(900))
    assert (made.started_at, made.ended_at) == (moment(50), None)
    assert made.cancel_at_period_end
    assert (made.account_id, made.deal_id, made.source_updated_at) == (7, 3, AT)


def test_period_is_read_from_the_older_place_too() -> None:
    older = subscription(
        items={"data": [{"price": {}}]}, current_period_start=10, current_period_end=20
    )

    assert period_of(older) == (moment(10), moment(20))
