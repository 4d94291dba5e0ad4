"""Inputs for money: an amount that is never negative, and a currency code."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import RegexValidator

CURRENCY = RegexValidator(r"^[A-Z]{3}\Z", "Give the three letters of a currency, such as USD.")


class CurrencyField(forms.CharField):
    """An ISO 4217 code, in capitals."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Currency")
        super().__init__(max_length=3, validators=[CURRENCY], **kwargs)

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").upper()


class AmountField(forms.DecimalField):
    """An amount with at most four places after the point."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", Decimal(0))
        super().__init__(max_digits=19, decimal_places=4, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Without the zeros the database keeps: `490` or `9.50`, not `490.0000`."""
        if not isinstance(value, Decimal):
            return value
        plain = value.normalize()
        exponent = plain.as_tuple().exponent
        if not isinstance(exponent, int) or exponent >= 0:
            return format(plain, "f")
        return format(plain.quantize(Decimal("0.01")) if exponent > -3 else plain, "f")
