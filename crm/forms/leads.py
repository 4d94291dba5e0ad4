"""Forms of a lead: its fields, its status, its conversion."""

from __future__ import annotations

from django import forms

from crm.choices import LeadStatus
from crm.forms.activities import BODY_MAX
from crm.forms.record import RecordForm, refusal_show
from crm.models import Lead
from crm.services.errors import ServiceError

# `converted` is reached by converting, never by choosing it.
CHOSEN_STATUSES = [pair for pair in LeadStatus.choices if pair[0] != LeadStatus.CONVERTED]


class LeadForm(RecordForm):
    """Who asked, for what and how they came; the status has a form of its own."""

    notes = forms.CharField(required=False, max_length=BODY_MAX, widget=forms.Textarea)

    class Meta:
        model = Lead
        fields = (
            "first_name",
            "last_name",
            "company",
            "email",
            "phone",
            "title",
            "source",
            "budget_min",
            "budget_max",
            "preferred_areas",
            "utm_source",
            "utm_medium",
            "utm_campaign",
            "owner",
            "tags",
            "notes",
        )
        labels = {"budget_min": "Budget from", "budget_max": "Budget to"}
        help_texts = {
            "tags": "Separated by commas.",
            "preferred_areas": "Separated by commas.",
        }


class LeadStatusForm(forms.Form):
    """Where the lead stands; `lost` needs its reason (the service says so)."""

    status = forms.ChoiceField(choices=CHOSEN_STATUSES)
    lost_reason = forms.CharField(
        label="Why it was lost",
        max_length=250,
        required=False,
        help_text="Needed for “Lost” only.",
    )

    def refuse(self, error: ServiceError) -> None:
        refusal_show(self, error)


class LeadConvertForm(forms.Form):
    """What the new deal is called."""

    deal_name = forms.CharField(label="Name of the deal", max_length=200, required=False)

    def refuse(self, error: ServiceError) -> None:
        refusal_show(self, error)
