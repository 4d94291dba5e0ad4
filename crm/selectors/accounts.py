"""Reads accounts."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.models import Account, Workspace
from crm.selectors.search import accounts_search


def accounts_of(workspace: Workspace) -> QuerySet[Account]:
    """All, archived ones too, with what a page shows of each."""
    return Account.objects.filter(workspace=workspace).select_related("owner", "csm")


def accounts_list(workspace: Workspace, *, text: str = "") -> QuerySet[Account]:
    """Those not archived, the last written first; with `text` those it is found in."""
    rows = accounts_of(workspace).filter(archived_at=None).order_by("-updated_at", "-id")
    return accounts_search(rows, text) if text else rows
