"""The form of a contact."""

from __future__ import annotations

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
