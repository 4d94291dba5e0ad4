"""Writes products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.models import Product, Workspace
from crm.services.origin import Origin
from crm.services.records import record_archive, record_create, record_restore, record_update


def product_create(*, workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> Product:
    """Create a product; its currency is the workspace's unless given."""
    values = {"currency": workspace.currency, **values}
    return record_create(Product, workspace=workspace, values=values, origin=origin)


def product_update(
    product: Product,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Product:
    return record_update(product, values=values, origin=origin, expected_version=expected_version)


def product_archive(product: Product, *, origin: Origin) -> Product:
    return record_archive(product, origin=origin)


def product_restore(product: Product, *, origin: Origin) -> Product:
    return record_restore(product, origin=origin)
