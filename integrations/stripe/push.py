"""Outbound: a won deal becomes a customer, prices and a subscription at Stripe.

Every step looks for its link first and keeps it at once, sends the command's own key, and on a
retry asks Stripe what is there before it creates: a crash anywhere ends with one of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from crm.models import Account, Deal
from crm.services.billing import subscription_record
from integrations.hub.commands import Command
from integrations.hub.errors import Conflict, Forbidden, NotFound, Rejected
from integrations.hub.faults import fault
from integrations.stripe import notices
from integrations.stripe.client import Client, Json, Refused, StoredFailure
from integrations.stripe.orders import Order, OrderLine, billing_email, order_of
from integrations.stripe.prices import price_id, prices_forget
from integrations.stripe.translate import subscription_fact

MAX_ITEMS = 20


def subscription_create(command: Command) -> None:
    """Bill a won deal; may run any number of times. Raises Rejected with words for a person."""
    order = order_of(command.body)
    deal = _deal(command, order)
    with _refusals_told(command, deal):
        _check(order)
        account = _account(command, order, deal)
        customer = _customer(command, order, deal, account)
        for interval in order.intervals:
            _subscription(command, order, interval, deal=deal, account=account, customer=customer)
    notices.refusal_over(command, deal)


@contextmanager
def _refusals_told(command: Command, deal: Deal) -> Iterator[None]:
    """A refusal shows on the deal; a stored failure gets new keys, since Stripe was searched."""
    try:
        yield
    except StoredFailure:
        if command.is_retry:
            command.key_renew()
        raise
    except Refused as refused:
        if refused.is_missing and _links_forget(command, deal, refused):
            raise Conflict(f"{refused} It is made anew.") from refused
        notices.refusal_tell(command, deal, str(refused))
        raise
    except (Rejected, Forbidden, NotFound) as refused:
        notices.refusal_tell(command, deal, str(refused))
        raise


# --- What the CRM must know ---------------------------------------------------------------------


def _deal(command: Command, order: Order) -> Deal:
    found = Deal.objects.select_related("account", "primary_contact", "owner", "workspace")
    deal = found.filter(workspace=command.connection.workspace, pk=order.deal_id).first()
    if deal is None:
        raise Rejected(f"The deal {order.deal_name} is gone; nothing was billed.")
    return deal


def _check(order: Order) -> None:
    for interval in order.intervals:
        if len(order.recurring(interval)) > MAX_ITEMS:
            raise Rejected(f"Stripe takes at most {MAX_ITEMS} items in one subscription.")


def _account(command: Command, order: Order, deal: Deal) -> Account:
    """As the deal had it when it was won, else as it has it now that a person has mended it."""
    account = _account_find(order, deal)
    if account is None:
        raise Rejected(
            f"The deal {deal.name} has no account, so nobody can be billed. Choose its account, "
            "then retry the job."
        )
    return account


def _account_find(order: Order, deal: Deal) -> Account | None:
    wanted = order.account_id or deal.account_id
    if wanted is None:
        return None
    return Account.objects.filter(workspace=deal.workspace_id, pk=wanted).first()


# --- Customer -----------------------------------------------------------------------------------


def _customer(command: Command, order: Order, deal: Deal, account: Account) -> str:
    known = command.links.get("customer", account)
    if known is not None:
        return known
    email = _email(command, order, deal)
    client = Client(command.connection)
    note = {"nexa_account": str(account.pk), "nexa_workspace": command.connection.workspace.slug}
    customer = _find_customer(client, email, note) if command.is_retry else None
    if customer is None:
        params = {
            "name": order.account_name or account.name,
            "email": email,
            "metadata": {**note, "nexa_command": command.uid},
        }
        customer = client.customer_create(params, key=command.key("customer"))["id"]
        fault("push.after_api")
    command.links.put("customer", account, customer)
    return customer


def _email(command: Command, order: Order, deal: Deal) -> str:
    """Remembered before it is first sent, since a key must always carry the same parameters."""
    email = command.recall("email") or order.email or billing_email(deal)
    if not email:
        raise Rejected(
            f"Stripe cannot send invoices for {deal.name}: neither the deal's contact nor any "
            "contact of its account has an e-mail address. Add one, then retry the job."
        )
    if command.recall("email") is None:
        command.remember("email", email)
    return str(email)


def _find_customer(client: Client, email: str, note: dict[str, str]) -> str | None:
    for customer in client.customers_with_email(email):
        if note.items() <= (customer.get("metadata") or {}).items():
            return str(customer["id"])
    return None


# --- Subscription -------------------------------------------------------------------------------


def _subscription(
    command: Command,
    order: Order,
    interval: str,
    *,
    deal: Deal,
    account: Account,
    customer: str,
) -> None:
    link = link_of(order, interval)
    if command.links.get(link, deal) is not None:
        return
    client = Client(command.connection)
    note = {
        "nexa_deal": str(deal.pk),
        "nexa_interval": interval,
        "nexa_workspace": command.connection.workspace.slug,
    }
    found = _find_subscription(client, customer, note) if command.is_retry else None
    seen_at = timezone.now()
    if found is not None:
        subscription = client.subscription(found)
    else:
        params = _params(command, order, interval, customer)
        params["metadata"] = {**note, "nexa_command": command.uid}
        subscription = client.subscription_create(params, key=command.key(link))
        fault("push.after_subscription")
    command.links.put(link, deal, subscription["id"])
    fact = subscription_fact(
        subscription,
        account_id=account.pk,
        deal_id=deal.pk,
        seen_at=seen_at,
    )
    subscription_record(deal.workspace, fact, command.origin)


def link_of(order: Order, interval: str) -> str:
    """One deal is mostly one subscription; further intervals are named."""
    return "subscription" if interval == order.intervals[0] else f"subscription:{interval}"


def _params(command: Command, order: Order, interval: str, customer: str) -> Json:
    params: Json = {
        "customer": customer,
        "items": [_item(command, order, line) for line in order.recurring(interval)],
        "description": f"{order.deal_name}"[:500],
        **_collection(order),
    }
    if order.one_time and interval == order.intervals[0]:
        params["add_invoice_items"] = [_item(command, order, line) for line in order.one_time]
    return params


def _item(command: Command, order: Order, line: OrderLine) -> Json:
    return {"price": price_id(command, order, line), "quantity": line.quantity}


def _collection(order: Order) -> Json:
    """By invoice, or from a card the customer still has to give: then it starts incomplete."""
    if order.collection == "send_invoice":
        return {"collection_method": "send_invoice", "days_until_due": order.days_until_due}
    return {
        "collection_method": "charge_automatically",
        "payment_behavior": "default_incomplete",
    }


def _find_subscription(client: Client, customer: str, note: dict[str, str]) -> str | None:
    for subscription in client.subscriptions_of(customer):
        if note.items() <= (subscription.get("metadata") or {}).items():
            return str(subscription["id"])
    return None


# --- What is gone at Stripe ---------------------------------------------------------------------


def _links_forget(command: Command, deal: Deal, refused: Refused) -> bool:
    """Forget links to what Stripe no longer has; False when this was done before in vain."""
    if command.recall("forgotten"):
        return False
    links = command.links
    order = order_of(command.body)
    if refused.param == "customer":
        account = _account_find(order, deal)
        if account is None:
            return False
        links.forget("customer", account)
    elif "price" in refused.param or refused.param == "product":
        prices_forget(command, order)
    else:
        return False
    command.remember("forgotten", True)
    return True
