"""Forms of a deal: its fields, and why it was lost."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.models import ModelChoiceField

from crm.forms.lookup import LookupField
from crm.forms.moments import DayField
from crm.forms.money import AmountField, CurrencyField
from crm.forms.record import RecordForm, refusal_show
from crm.models import Deal, Stage
from crm.services.errors import ServiceError


class StageField(ModelChoiceField[Stage]):
    """An open stage, named with its pipeline."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.pipeline}: {obj}"


class DealForm(RecordForm):
    """What may be sold, to whom and when.

    A new deal starts in an open stage; later the stage is moved on the deal's page. While a deal
    has line items, its amount and currency are theirs.
    """

    account = LookupField("account", label="Company")
    primary_contact = LookupField("contact", label="Main contact")
    stage = StageField(queryset=Stage.objects.none(), required=False, empty_label="First stage")
    amount = AmountField(required=False)
    currency = CurrencyField(required=False, help_text="Empty means the company's own.")
    close_date = DayField(label="Expected to close", required=False)

    class Meta:
        model = Deal
        fields = (
            "name",
            "account",
            "primary_contact",
            "stage",
            "amount",
            "currency",
            "close_date",
            "owner",
            "tags",
        )
        help_texts = {"tags": "Separated by commas."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self._offer_open_stages()
            return
        del self.fields["stage"]
        if self.instance.line_items.exists():
            del self.fields["amount"], self.fields["currency"]

    def _offer_open_stages(self) -> None:
        stage = self.fields["stage"]
        assert isinstance(stage, StageField)
        rows = Stage.objects.filter(workspace=self.workspace, is_won=False, is_lost=False)
        stage.queryset = rows.select_related("pipeline").order_by("pipeline__order", "order", "id")

    @property
    def values(self) -> dict[str, Any]:
        """Without what was left empty and has a sensible default in the service."""
        values = super().values
        if "amount" in values:
            values["amount"] = values["amount"] or 0
        for name in ("stage", "currency"):
            if name in values and not values[name]:
                del values[name]
        return values


class LostForm(forms.Form):
    """Why a deal was lost."""

    lost_reason = forms.CharField(
        label="Why was it lost?",
        max_length=250,
        error_messages={"required": "Say why the deal was lost."},
    )

    def refuse(self, error: ServiceError) -> None:
        refusal_show(self, error)
