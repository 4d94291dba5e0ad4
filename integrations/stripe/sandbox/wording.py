"""Amounts as a dashboard shows them; the fake's own table of decimals, not the provider's."""

from __future__ import annotations

from decimal import Decimal

from integrations.hub.sandbox.store import Json

ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()  # noqa: SIM905
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


def places(currency: str) -> int:
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def money(amount: int, currency: str) -> str:
    return f"{Decimal(amount).scaleb(-places(currency)):f} {currency.upper()}"


def money_of(price: Json) -> str:
    """What one unit costs a period."""
    amount = Decimal(price["unit_amount_decimal"]).scaleb(-places(price["currency"])).normalize()
    return f"{amount:f} {price['currency'].upper()} a {price['recurring']['interval']}"
