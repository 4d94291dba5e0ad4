"""Keeps subscriptions as billing systems report them, and what the account shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from crm.choices import ActivityKind, SubscriptionStatus
from crm.models import Account, Invoice, Subscription, Workspace
from crm.services.activities import activity_log
from crm.services.billing_accounts import account_locked
from crm.services.billing_facts import SubscriptionFact
from crm.services.origin import Origin, by_rule
from crm.services.records import record_update
from crm.services.upserts import document_create, document_find

PAYING = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
BILLED = (*PAYING, SubscriptionStatus.TRIALING)
ENDED = (SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED)
# What an account with several subscriptions shows: the one that most needs a look.
ATTENTION = (
    SubscriptionStatus.UNPAID,
    SubscriptionStatus.PAST_DUE,
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.TRIALING,
    SubscriptionStatus.PAUSED,
    SubscriptionStatus.INCOMPLETE,
)


@transaction.atomic
def subscription_record(
    workspace: Workspace, fact: SubscriptionFact, origin: Origin
) -> Subscription:
    """Keep the subscription as reported and bring its account up to date.

    A state older than the newest one seen changes nothing.
    """
    account = account_locked(workspace, fact.account_id)
    present = document_find(
        Subscription, workspace, source=fact.source, external_id=fact.external_id
    )
    if present is not None and _is_older(present, fact):
        return present
    status_before = present.status if present else ""
    subscription = _keep(workspace, fact, present, account=account, origin=origin)
    if subscription.status != status_before:
        _timeline(subscription, fact, origin)
    if account is not None:
        _account_refresh(account, subscription)
    return subscription


def _is_older(present: Subscription, fact: SubscriptionFact) -> bool:
    """Vendors stamp by the second; within one, an end stays and a beginning does not return."""
    seen = present.source_updated_at
    if seen is None or fact.source_updated_at > seen:
        return False
    if fact.source_updated_at < seen:
        return True
    return present.status in ENDED or fact.status == SubscriptionStatus.INCOMPLETE


def _keep(
    workspace: Workspace,
    fact: SubscriptionFact,
    present: Subscription | None,
    *,
    account: Account | None,
    origin: Origin,
) -> Subscription:
    values = _values(fact, account)
    if present is not None:
        return record_update(present, values=values, origin=origin)
    subscription, is_new = document_create(Subscription, workspace, values, origin=origin)
    if not is_new:
        return record_update(subscription, values=values, origin=origin)
    _invoices_link(subscription, origin)
    return subscription


def _values(fact: SubscriptionFact, account: Account | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "source": fact.source,
        "external_id": fact.external_id,
        "status": fact.status,
        "mrr": fact.mrr,
        "currency": fact.currency.upper(),
        "started_at": fact.started_at,
        "current_period_start": fact.current_period_start,
        "current_period_end": fact.current_period_end,
        "cancel_at_period_end": fact.cancel_at_period_end,
        "ended_at": fact.ended_at,
        "source_updated_at": fact.source_updated_at,
    }
    if account is not None:
        values["account"] = account
    if fact.deal_id is not None:
        values["deal"] = fact.deal_id
    return values


def _invoices_link(subscription: Subscription, origin: Origin) -> None:
    """An invoice often comes before the subscription it is for."""
    waiting = Invoice.objects.filter(
        workspace=subscription.workspace,
        source=subscription.source,
        subscription_external_id=subscription.external_id,
        subscription=None,
    )
    values = {"subscription": subscription, "deal": subscription.deal}
    for invoice in waiting:
        record_update(invoice, values=values, origin=origin)


def _timeline(subscription: Subscription, fact: SubscriptionFact, origin: Origin) -> None:
    amount = f"{subscription.mrr:,.2f} {subscription.currency} a month"
    values = {
        "kind": ActivityKind.SUBSCRIPTION,
        "subject": f"Subscription {subscription.status.replace('_', ' ')} ({amount})",
        "occurred_at": fact.source_updated_at,
        "account": subscription.account,
        "deal": subscription.deal,
        "amount": subscription.mrr,
        "currency": subscription.currency,
        "details": {"status": subscription.status},
    }
    activity_log(
        workspace=subscription.workspace,
        values=values,
        origin=origin,
        source=fact.source,
        external_id=f"subscription:{fact.external_id}:{subscription.status}"
        f":{fact.source_updated_at.timestamp():.0f}",
    )


def _account_refresh(account: Account, subscription: Subscription) -> None:
    """Sum up the account's subscriptions.

    The first currency seen is the account's; subscriptions in another one stand in the list of
    subscriptions but not in the sums, for money of two currencies is never added.
    """
    currency = account.currency or subscription.currency
    subscriptions = list(account.subscriptions.all())
    paying = [each for each in subscriptions if each.status in PAYING]
    mrr = sum((each.mrr for each in paying if each.currency == currency), Decimal(0))
    periods = [
        each.current_period_end
        for each in subscriptions
        if each.status in BILLED and each.current_period_end and not each.cancel_at_period_end
    ]
    values = {
        "currency": currency,
        "mrr": mrr,
        "arr": mrr * 12,
        "subscription_status": _status_shown(subscriptions),
        "next_billing_at": min(periods, default=None),
    }
    event = f"subscription {subscription.external_id} {subscription.status}"
    record_update(account, values=values, origin=by_rule("subscription_totals", event))


def _status_shown(subscriptions: Sequence[Subscription]) -> str:
    statuses = [each.status for each in subscriptions]
    known = [status for status in ATTENTION if status in statuses]
    others = [status for status in statuses if status not in ENDED]
    return (known or others or statuses)[0]
