"""Minor units both ways."""

from __future__ import annotations

from decimal import Decimal

import pytest

from integrations.stripe.money import UnsupportedAmount, from_minor, to_minor


@pytest.mark.parametrize(
    ("whole", "currency", "minor"),
    [
        ("49", "USD", "4900"),
        ("0.005", "usd", "0.5"),
        ("0", "AUD", "0"),
        ("1200", "JPY", "1200"),
        ("10.5", "jpy", "10.5"),
        ("500", "UGX", "50000"),
        ("500", "ISK", "50000"),
        ("1.23", "KWD", "1230"),
        ("1000000", "VND", "1000000"),
    ],
)
def test_to_minor_uses_the_currencys_decimals(whole: str, currency: str, minor: str) -> None:
    assert to_minor(Decimal(whole), currency) == minor
    assert from_minor(minor, currency) == Decimal(whole)


def test_to_minor_refuses_what_stripe_cannot_bill() -> None:
    with pytest.raises(UnsupportedAmount, match=r"steps of 0\.010"):
        to_minor(Decimal("1.234"), "KWD")
    with pytest.raises(UnsupportedAmount, match="negative"):
        to_minor(Decimal(-1), "USD")


def test_from_minor_counts_nothing_as_zero() -> None:
    assert from_minor(None, "USD") == 0
