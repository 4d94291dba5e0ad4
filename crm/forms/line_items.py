"""Forms of what is sold in a deal."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.choices import BillingInterval
from crm.forms.lookup import LookupField
from crm.forms.money import AmountField
from crm.forms.record import refusal_show
from crm.models import Workspace
from crm.services.errors import ServiceError


class LineItemForm(forms.Form):
    """A line of a product we have, or of a new one named here."""

    product = LookupField("product", label="Product")
    new_product = forms.CharField(
        label="Or a new product",
        max_length=200,
        required=False,
        help_text="Give its price and interval below; it is kept among the products.",
    )
    unit_price = AmountField(
        label="Unit price", required=False, help_text="Empty means the product's own price."
    )
    billing_interval = forms.ChoiceField(
        label="Billed",
        choices=BillingInterval.choices,
        initial=BillingInterval.MONTH,
        required=False,
        help_text="For a new product only.",
    )
    quantity = forms.IntegerField(min_value=1, max_value=1_000_000, initial=1)

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        product = self.fields["product"]
        assert isinstance(product, LookupField)
        product.limit_to(workspace)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "product" in self.errors:
            return cleaned
        if bool(cleaned.get("product")) == bool(cleaned.get("new_product")):
            self.add_error("product", "Choose a product or name a new one, not both.")
        if cleaned.get("new_product") and cleaned.get("unit_price") is None:
            self.add_error("unit_price", "A new product needs its price.")
        return cleaned

    def refuse(self, error: ServiceError) -> None:
        refusal_show(self, error)


class LineItemEditForm(forms.Form):
    """Quantity and price of a line."""

    quantity = forms.IntegerField(min_value=1, max_value=1_000_000)
    unit_price = AmountField(label="Unit price")

    def refuse(self, error: ServiceError) -> None:
        refusal_show(self, error)
