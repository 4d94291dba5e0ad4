"""Subscriptions: the newest state stays, and the account shows their sum."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal

from crm.models import Account, Activity, Invoice, Subscription, Workspace
from crm.services.billing import (
    InvoiceFact,
    SubscriptionFact,
    invoice_paid,
    subscription_record,
)
from crm.services.origin import Origin

MakeSubscription = Callable[..., SubscriptionFact]
HOUR = datetime.timedelta(hours=1)


def test_subscription_shows_on_the_account(
    account: Account, workspace: Workspace, subscription_fact: MakeSubscription, vendor: Origin
) -> None:
    fact = subscription_fact()

    subscription_record(workspace, fact, vendor)

    account.refresh_from_db()
    assert (account.mrr, account.arr, account.currency) == (Decimal(49), Decimal(588), "USD")
    assert account.subscription_status == "active"
    assert account.next_billing_at == fact.current_period_end
    assert Activity.objects.get().subject == "Subscription active (49.00 USD a month)"


def test_older_state_is_ignored(
    account: Account, workspace: Workspace, subscription_fact: MakeSubscription, vendor: Origin
) -> None:
    fact = subscription_fact(status="canceled")
    subscription_record(workspace, fact, vendor)

    subscription_record(
        workspace, subscription_fact(source_updated_at=fact.source_updated_at - HOUR), vendor
    )

    account.refresh_from_db()
    assert account.subscription_status == "canceled"
    assert account.mrr == 0
    assert account.next_billing_at is None


def test_beginning_does_not_return_within_the_same_second(
    workspace: Workspace, subscription_fact: MakeSubscription, vendor: Origin
) -> None:
    subscription_record(workspace, subscription_fact(), vendor)
    subscription_record(workspace, subscription_fact(status="incomplete"), vendor)

    assert Subscription.objects.get().status == "active"


def test_money_of_another_currency_is_not_added(
    account: Account, workspace: Workspace, subscription_fact: MakeSubscription, vendor: Origin
) -> None:
    for external_id, currency in (("sub_1", "USD"), ("sub_2", "EUR"), ("sub_3", "USD")):
        fact = subscription_fact(external_id=external_id, currency=currency)
        subscription_record(workspace, fact, vendor)

    account.refresh_from_db()
    assert (account.mrr, account.currency) == (Decimal(98), "USD")


def test_invoice_that_came_first_is_linked(
    workspace: Workspace,
    invoice_fact: Callable[..., InvoiceFact],
    subscription_fact: MakeSubscription,
    vendor: Origin,
) -> None:
    invoice_paid(workspace, invoice_fact(), vendor)
    subscription = subscription_record(workspace, subscription_fact(), vendor)

    assert Invoice.objects.get().subscription == subscription


def test_same_state_twice_leaves_one_line(
    workspace: Workspace, subscription_fact: MakeSubscription, vendor: Origin
) -> None:
    subscription_record(workspace, subscription_fact(), vendor)
    subscription_record(workspace, subscription_fact(), vendor)

    assert Activity.objects.count() == 1
