"""The form of a task."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.forms.activities import BODY_MAX
from crm.forms.lookup import LookupField
from crm.forms.moments import MomentField
from crm.forms.record import RecordForm
from crm.models import Task


class TaskForm(RecordForm):
    """What is to be done, by whom, until when and about which record."""

    due_at = MomentField(label="Due", required=False)
    contact = LookupField("contact", label="Contact")
    account = LookupField("account", label="Company")
    lead = LookupField("lead", label="Lead")
    deal = LookupField("deal", label="Deal")
    notes = forms.CharField(required=False, max_length=BODY_MAX, widget=forms.Textarea)

    class Meta:
        model = Task
        fields = (
            "title",
            "kind",
            "priority",
            "due_at",
            "assigned_to",
            "contact",
            "account",
            "deal",
            "lead",
            "tags",
            "notes",
        )
        help_texts = {"tags": "Separated by commas."}

    @property
    def values(self) -> dict[str, Any]:
        """A new task is its writer's own, so that they may change it whoever does it."""
        values = super().values
        return values if self.instance.pk else {**values, "owner": self.membership.user}
