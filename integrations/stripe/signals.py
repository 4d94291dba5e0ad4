"""Which moments of the domain ask Stripe for what."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from crm.models import Deal, LineItem
from crm.signals import deal_won
from integrations.hub.commands import command_enqueue
from integrations.hub.links import Links
from integrations.hub.models import Connection
from integrations.hub.selectors import connections_open
from integrations.stripe.orders import order_body

PROVIDER = "stripe"
COMMAND = "subscription_create"


@receiver(deal_won)
def deal_won_bills(sender: object, deal: Deal, **_: Any) -> None:
    """Bill a won deal with priced recurring items, once in its life and on one connection."""
    items = list(deal.line_items.select_related("product").order_by("id"))
    connection = billing_connection(deal) if is_billable(items) else None
    if connection is None:
        return
    command_enqueue(
        connection,
        COMMAND,
        # Deals of one account are billed in turn, so that they share one customer.
        subject=("account", deal.account_id) if deal.account_id else ("deal", deal.pk),
        body=order_body(deal, items, connection.settings),
        key=f"deal:{deal.pk}:won",
    )


def is_billable(items: list[LineItem]) -> bool:
    return any(
        item.product.billing_interval != "one_time" and item.unit_price > 0 for item in items
    )


def billing_connection(deal: Deal) -> Connection | None:
    """Where the account is billed already, else the first that works, else the first that waits."""
    willing = [
        connection
        for connection in connections_open(deal.workspace, PROVIDER)
        if connection.settings.get("bills_won_deals", True)
    ]

    def rank(connection: Connection) -> tuple[bool, bool, int]:
        account = deal.account
        is_known = account is not None and Links(connection).get("customer", account) is not None
        return (not is_known, not connection.is_active, connection.pk)

    return min(willing, key=rank, default=None)
