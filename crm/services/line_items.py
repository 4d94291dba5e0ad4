"""Writes what is sold in a deal; the deal's amount follows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import DecimalField, ExpressionWrapper, F, Sum

from crm.models import Deal, LineItem, Product
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin
from crm.services.records import record_create, record_erase, record_lock, record_update

_TOTAL = ExpressionWrapper(
    F("quantity") * F("unit_price"), output_field=DecimalField(max_digits=24, decimal_places=4)
)


@transaction.atomic
def line_item_add(
    deal: Deal,
    *,
    product: Product,
    origin: Origin,
    quantity: int = 1,
    unit_price: Decimal | None = None,
) -> LineItem:
    """Add a product at its own price unless another is given.

    The first line sets the deal's currency; one in another currency raises InvalidRecord, and so
    does a won deal.
    """
    deal = _deal_lock(deal)
    _check_currency(deal, product)
    values = {
        "deal": deal,
        "product": product,
        "quantity": quantity,
        "unit_price": product.unit_price if unit_price is None else unit_price,
    }
    item = record_create(LineItem, workspace=deal.workspace, values=values, origin=origin)
    _amount_set(deal, product.currency, origin)
    return item


@transaction.atomic
def line_item_update(item: LineItem, *, values: Mapping[str, Any], origin: Origin) -> LineItem:
    """Change quantity, price or product (of the same currency); not in a won deal."""
    deal = _deal_lock(item.deal)
    item = record_update(item, values={**values, "deal": deal}, origin=origin)
    if item.product.currency != deal.currency:
        raise InvalidRecord({"product": [_other_currency(item.product, deal)]})
    _amount_set(deal, deal.currency, origin)
    return item


@transaction.atomic
def line_item_remove(item: LineItem, *, origin: Origin) -> None:
    """Erase the line, not in a won deal; the amount of a deal left without lines is 0."""
    deal = _deal_lock(item.deal)
    record_erase(item, origin=origin)
    _amount_set(deal, deal.currency, origin)


def _deal_lock(deal: Deal) -> Deal:
    """The deal, locked; InvalidRecord once it is won, for its lines were billed as they stood."""
    deal = record_lock(deal)
    if not deal.stage.is_won:
        return deal
    said = "This deal is won, and what was sold in it is settled. Reopen the deal first."
    if deal.subscriptions.exists():
        said += " Its subscription goes on as it is: change that where it is billed."
    raise InvalidRecord({"deal": [said]})


def _check_currency(deal: Deal, product: Product) -> None:
    if product.is_archived:
        raise InvalidRecord({"product": ["This product is archived."]})
    if deal.currency != product.currency and deal.line_items.exists():
        raise InvalidRecord({"product": [_other_currency(product, deal)]})


def _other_currency(product: Product, deal: Deal) -> str:
    return f"{product} is priced in {product.currency}, the deal in {deal.currency}."


def _amount_set(deal: Deal, currency: str, origin: Origin) -> None:
    total = deal.line_items.aggregate(sum=Sum(_TOTAL))["sum"] or Decimal(0)
    record_update(deal, values={"amount": total, "currency": currency}, origin=origin)
