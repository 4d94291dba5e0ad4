"""A subscription's worth a month."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.stripe.mrr import mrr_of

NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


def item(amount: int | str | None = 4900, quantity: int = 1, **price: Any) -> dict[str, Any]:
    recurring = {
        "interval": price.pop("interval", "month"),
        "interval_count": price.pop("count", 1),
        "usage_type": price.pop("usage_type", "licensed"),
    }
    made = {"type": "recurring", "billing_scheme": "per_unit", "product": "prod_1", **price}
    made |= {"recurring": recurring, "unit_amount_decimal": None if amount is None else str(amount)}
    return {"quantity": quantity, "price": made}


def worth(*items: dict[str, Any], **subscription: Any) -> Decimal:
    made = {"status": "active", "currency": "usd", "items": {"data": list(items)}, **subscription}
    return mrr_of(made, now=NOW)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (item(4900), "49"),
        (item(4900, 3), "147"),
        (item(12000, interval="year"), "10"),
        (item(30000, count=3), "100"),
        (item(24000, interval="year", count=2), "10"),
        (item(300, interval="week"), "13"),
        (item(12, interval="day"), "3.65"),
        (item("800.5"), "8.005"),
        (item(4900, usage_type="metered"), "0"),
        ({"quantity": 1, "price": {"type": "one_time", "unit_amount": 100}}, "0"),
    ],
)
def test_item_counts_by_its_interval(given: dict[str, Any], expected: str) -> None:
    assert worth(given) == Decimal(expected)


def test_items_are_summed() -> None:
    assert worth(item(1000, 2), item(12000, interval="year")) == 30


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("active", 49),
        ("past_due", 49),
        ("trialing", 0),
        ("incomplete", 0),
        ("incomplete_expired", 0),
        ("unpaid", 0),
        ("paused", 0),
        ("canceled", 0),
        ("some_new_word", 0),
    ],
)
def test_only_what_is_paid_for_counts(status: str, expected: int) -> None:
    assert worth(item(4900), status=status) == expected


def test_cancelling_at_period_end_counts_until_then() -> None:
    assert worth(item(4900), cancel_at_period_end=True) == 49


def test_currency_without_decimals_is_not_divided() -> None:
    assert worth(item(4900), currency="jpy") == 4900


@pytest.mark.parametrize(("rounding", "expected"), [("up", 30), ("down", 20)])
def test_quantity_is_transformed_first(rounding: str, expected: int) -> None:
    transform = {"divide_by": 5, "round": rounding}

    assert worth(item(1000, 11, transform_quantity=transform)) == expected


TIERS = [
    {"up_to": 10, "unit_amount_decimal": "500", "flat_amount": None},
    {"up_to": 20, "unit_amount_decimal": "400", "flat_amount": 1000},
    {"up_to": None, "unit_amount_decimal": "300", "flat_amount": None},
]


@pytest.mark.parametrize(
    ("mode", "quantity", "expected"),
    [
        ("volume", 10, 50),
        ("volume", 15, 70),
        ("volume", 30, 90),
        ("graduated", 10, 50),
        ("graduated", 15, 80),
        ("graduated", 30, 130),
    ],
)
def test_tiers_count_by_their_mode(mode: str, quantity: int, expected: int) -> None:
    tiered = item(None, quantity, billing_scheme="tiered", tiers_mode=mode, tiers=TIERS)

    assert worth(tiered) == expected


def test_tiers_that_were_not_sent_count_nothing() -> None:
    assert worth(item(None, 5, billing_scheme="tiered", tiers_mode="volume")) == 0


# --- Discounts ----------------------------------------------------------------------------------


def discount(end: int | None = None, **coupon: Any) -> dict[str, Any]:
    return {"end": end, "source": {"type": "coupon", "coupon": {"duration": "forever", **coupon}}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (discount(percent_off=25), "75"),
        (discount(amount_off=1500, currency="usd"), "85"),
        (discount(percent_off=100), "0"),
        (discount(amount_off=999999, currency="usd"), "0"),
        (discount(percent_off=50, duration="once"), "100"),
        (discount(end=int(NOW.timestamp()) - 1, percent_off=50, duration="repeating"), "100"),
        (discount(end=int(NOW.timestamp()) + 1, percent_off=50, duration="repeating"), "50"),
        (discount(percent_off=50, applies_to={"products": ["prod_9"]}), "100"),
        ("di_not_expanded", "100"),
        ({"end": None, "coupon": {"percent_off": 10, "duration": "forever"}}, "90"),
    ],
)
def test_live_discount_is_taken_off(given: Any, expected: str) -> None:
    assert worth(item(10000), discounts=[given]) == Decimal(expected)


def test_discounts_are_taken_off_one_after_the_other() -> None:
    both = [discount(percent_off=50), discount(percent_off=10)]

    assert worth(item(10000), discounts=both) == 45


def test_amount_off_a_yearly_invoice_is_a_twelfth_a_month() -> None:
    off = [discount(amount_off=2400, currency="usd")]

    assert worth(item(12000, interval="year"), discounts=off) == 8


def test_older_shape_has_one_discount() -> None:
    older = {"end": None, "coupon": {"percent_off": 20, "duration": "forever"}}

    assert worth(item(10000), discount=older) == 80
