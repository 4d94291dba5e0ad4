"""What a won deal orders, frozen as JSON when the deal is won and read back when it is billed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crm.choices import BillingInterval
from crm.models import Contact, Deal, LineItem


@dataclass(frozen=True)
class OrderLine:
    """One product at the price agreed; `interval` is a BillingInterval."""

    product_id: int
    name: str
    quantity: int
    unit_price: Decimal
    interval: str

    @property
    def is_recurring(self) -> bool:
        return self.interval != BillingInterval.ONE_TIME


@dataclass(frozen=True)
class Order:
    """The whole order; account and e-mail may still be missing when it is made."""

    deal_id: int
    deal_name: str
    account_id: int | None
    account_name: str
    email: str
    currency: str
    collection: str
    days_until_due: int
    lines: tuple[OrderLine, ...]

    @property
    def intervals(self) -> list[str]:
        """Stripe bills one interval a subscription; in the order the lines name them."""
        return list(dict.fromkeys(line.interval for line in self.lines if line.is_recurring))

    def recurring(self, interval: str) -> list[OrderLine]:
        return [line for line in self.lines if line.interval == interval]

    @property
    def one_time(self) -> list[OrderLine]:
        return [line for line in self.lines if not line.is_recurring]


def order_body(
    deal: Deal, items: Sequence[LineItem], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The JSON that a command keeps."""
    account = deal.account
    return {
        "deal": deal.pk,
        "deal_name": deal.name,
        "account": account.pk if account else None,
        "account_name": account.name if account else "",
        "email": billing_email(deal),
        "currency": deal.currency.upper(),
        "collection": settings.get("collection", "send_invoice"),
        "days_until_due": settings.get("days_until_due", 30),
        "lines": [
            {
                "product": item.product_id,
                "name": item.product.name,
                "quantity": item.quantity,
                "unit_price": format(item.unit_price.normalize(), "f"),
                "interval": item.product.billing_interval,
            }
            for item in items
        ],
    }


def order_of(body: Mapping[str, Any]) -> Order:
    return Order(
        deal_id=body["deal"],
        deal_name=body["deal_name"],
        account_id=body["account"],
        account_name=body["account_name"],
        email=body["email"],
        currency=body["currency"],
        collection=body["collection"],
        days_until_due=body["days_until_due"],
        lines=tuple(
            OrderLine(
                product_id=line["product"],
                name=line["name"],
                quantity=line["quantity"],
                unit_price=Decimal(line["unit_price"]),
                interval=line["interval"],
            )
            for line in body["lines"]
        ),
    )


def billing_email(deal: Deal) -> str:
    """The deal's own contact, else the account's first one with an e-mail; empty for none."""
    contact = deal.primary_contact
    if contact is not None and contact.email:
        return contact.email
    if deal.account_id is None:
        return ""
    known = Contact.objects.filter(
        workspace=deal.workspace_id, account=deal.account_id, archived_at=None
    ).exclude(email="")
    return known.order_by("id").values_list("email", flat=True).first() or ""
