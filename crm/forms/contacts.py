"""The form of a contact."""

from __future__ import annotations

from typing import Any

from crm.forms.lookup import LookupField
from crm.forms.record import RecordForm
from crm.forms.web import WebField
from crm.models import Contact


class ContactForm(RecordForm):
    """Who they are, where they work and how to reach them."""

    account = LookupField("account", label="Company")
    linkedin_url = WebField(label="LinkedIn address")

    class Meta:
        model = Contact
        fields = (
            "first_name",
            "last_name",
            "email",
            "phone",
            "mobile",
            "title",
            "account",
            "lifecycle",
            "source",
            "linkedin_url",
            "owner",
            "tags",
        )
        help_texts = {"tags": "Separated by commas."}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not any(cleaned.get(name) for name in ("first_name", "last_name", "email")):
            self.add_error(None, "Give at least a name or an e-mail address.")
        return cleaned
