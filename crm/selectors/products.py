"""Reads products."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.models import Product, Workspace

WORDS_MAX = 6


def products_of(workspace: Workspace) -> QuerySet[Product]:
    """All, archived ones too, with what a page shows of each."""
    return Product.objects.filter(workspace=workspace).select_related("owner")


def products_search(rows: QuerySet[Product], text: str) -> QuerySet[Product]:
    """Each word is in the name; a workspace has few products, so no index is needed."""
    for word in text.split()[:WORDS_MAX]:
        rows = rows.filter(name__icontains=word)
    return rows
