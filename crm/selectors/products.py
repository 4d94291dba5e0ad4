"""Reads products."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.models import Product, Workspace


def products_of(workspace: Workspace) -> QuerySet[Product]:
    """All, archived ones too, with what a page shows of each."""
    return Product.objects.filter(workspace=workspace).select_related("owner")
