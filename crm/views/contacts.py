"""Contacts: their rows, filters and page."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Lower

from crm.choices import Lifecycle
from crm.forms.contacts import ContactForm
from crm.models import Account, Contact
from crm.selectors.contacts import contacts_of
from crm.selectors.search import contacts_search
from crm.views.doors import WorkspaceRequest
from crm.views.kinds import RecordKind
from crm.views.listing import Link, Listing, choice_filter, person_filter
from crm.views.related import deals_of, open_tasks
from crm.views.timeline import timeline_context


def contact_page(request: WorkspaceRequest, contact: Contact) -> dict[str, Any]:
    return {
        **timeline_context(request, contact),
        **open_tasks(contact),
        **deals_of(contact, "primary_contact"),
    }


def account_found(request: WorkspaceRequest, pk: int) -> Account | None:
    return Account.objects.filter(workspace=request.workspace, pk=pk).first()


CONTACTS = RecordKind(
    model=Contact,
    name="contact",
    segment="contacts",
    noun="contact",
    plural="contacts",
    icon="users",
    records=contacts_of,
    listing=Listing(
        search=contacts_search,
        sorts={
            "name": (Lower("last_name"), Lower("first_name")),
            "email": (Lower("email"),),
            "lifecycle": ("lifecycle",),
            "updated_at": ("updated_at",),
        },
        filters=(
            choice_filter("lifecycle", "Lifecycle", Lifecycle.choices),
            person_filter(),
        ),
        links=(Link("account", "Company", account_found),),
    ),
    form=ContactForm,
    page=contact_page,
    empty_text="Import the people you have in a file, or write down the first one by hand.",
    archive_effect="Its timeline, deals and tasks stay as they are.",
    prefill={"account": "account"},
    has_import=True,
)
