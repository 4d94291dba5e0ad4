"""Reads leads."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.models import Lead, Workspace
from crm.selectors.search import leads_search


def leads_of(workspace: Workspace) -> QuerySet[Lead]:
    """All, archived ones too, with what a page shows of each."""
    return Lead.objects.filter(workspace=workspace).select_related(
        "owner", "property", "converted_contact", "converted_account", "converted_deal"
    )


def leads_list(workspace: Workspace, *, text: str = "") -> QuerySet[Lead]:
    """Those not archived, the last written first; with `text` those it is found in."""
    rows = leads_of(workspace).filter(archived_at=None).order_by("-updated_at", "-id")
    return leads_search(rows, text) if text else rows
