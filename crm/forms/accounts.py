"""The form of a company; health and billing are moved by rules and are not in it."""

from __future__ import annotations

from crm.forms.record import RecordForm
from crm.forms.web import WebField
from crm.models import Account


class AccountForm(RecordForm):
    """What the company is, where it is and who looks after it."""

    website = WebField(label="Website")

    class Meta:
        model = Account
        fields = (
            "name",
            "domain",
            "website",
            "industry",
            "phone",
            "street",
            "city",
            "region",
            "postal_code",
            "country",
            "owner",
            "csm",
            "tags",
        )
        labels = {"csm": "Customer success manager"}
        help_texts = {
            "domain": "Such as acme.com; mails from it are recognised.",
            "tags": "Separated by commas.",
        }
