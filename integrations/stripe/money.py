"""Money between Stripe's minor units and whole units; pure.

https://docs.stripe.com/currencies. UGX and ISK have no decimals in life but two at Stripe, so they
are in neither table.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

ZERO_DECIMAL = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
# Stripe takes at most twelve decimals of a minor unit.
FINEST = Decimal("1e-12")


class UnsupportedAmount(ValueError):
    """An amount Stripe cannot bill; `str()` says why, for the person."""


def places(currency: str) -> int:
    """How many decimals of the whole unit a minor unit stands for."""
    code = currency.upper()
    if code in ZERO_DECIMAL:
        return 0
    return 3 if code in THREE_DECIMAL else 2


def from_minor(amount: Any, currency: str) -> Decimal:
    """Whole units; None counts as nothing."""
    return Decimal(str(amount or 0)).scaleb(-places(currency))


def to_minor(amount: Decimal, currency: str) -> str:
    """Minor units as Stripe's `unit_amount_decimal`: 49 USD is "4900", 0.005 USD is "0.5".

    Raises UnsupportedAmount for a negative amount, and where Stripe wants the last of three
    decimals to be 0.
    """
    minor = amount.scaleb(places(currency))
    if minor < 0:
        raise UnsupportedAmount(f"{amount} {currency.upper()} is negative.")
    if currency.upper() in THREE_DECIMAL and minor % 10 != 0:
        raise UnsupportedAmount(
            f"Stripe bills {currency.upper()} in steps of 0.010; {amount} is between two steps."
        )
    return format(minor.quantize(FINEST).normalize(), "f")
