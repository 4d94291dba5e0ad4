"""Reads deals."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.models import Deal, Workspace
from crm.selectors.search import deals_search


def deals_of(workspace: Workspace) -> QuerySet[Deal]:
    """All, archived ones too, with what a page shows of each."""
    return Deal.objects.filter(workspace=workspace).select_related(
        "account", "primary_contact", "pipeline", "stage", "owner"
    )


def deals_list(workspace: Workspace, *, text: str = "") -> QuerySet[Deal]:
    """Those not archived, the last written first; with `text` those it is found in."""
    rows = deals_of(workspace).filter(archived_at=None).order_by("-updated_at", "-id")
    return deals_search(rows, text) if text else rows
