"""The form of a product."""

from __future__ import annotations

from typing import Any

from crm.forms.money import AmountField, CurrencyField
from crm.forms.record import RecordForm
from crm.models import Product


class ProductForm(RecordForm):
    """What is sold, at which price and how often it is billed."""

    unit_price = AmountField(label="Unit price")
    currency = CurrencyField(required=False)

    class Meta:
        model = Product
        fields = ("name", "unit_price", "currency", "billing_interval", "tags")
        labels = {"billing_interval": "Billed"}
        help_texts = {"tags": "Separated by commas."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].help_text = f"Empty means {self.workspace.currency}."

    @property
    def values(self) -> dict[str, Any]:
        values = super().values
        return {**values, "currency": values["currency"] or self.workspace.currency}
