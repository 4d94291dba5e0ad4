"""Reads contacts."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.models import Contact, Workspace
from crm.selectors.search import contacts_search


def contacts_of(workspace: Workspace) -> QuerySet[Contact]:
    """All, archived ones too, with what a page shows of each."""
    return Contact.objects.filter(workspace=workspace).select_related("account", "owner")


def contacts_list(workspace: Workspace, *, text: str = "") -> QuerySet[Contact]:
    """Those not archived, the last written first; with `text` those it is found in."""
    rows = contacts_of(workspace).filter(archived_at=None).order_by("-updated_at", "-id")
    return contacts_search(rows, text) if text else rows
