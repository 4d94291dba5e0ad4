"""Stripe's objects as the CRM's facts; pure. The newest shape is read first, then older ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crm.services.billing_facts import InvoiceFact, SubscriptionFact
from integrations.stripe.money import from_minor
from integrations.stripe.mrr import mrr_of

Json = Mapping[str, Any]

# Ids are unique over all accounts of Stripe, so this and not the connection names the source: two
# connections of one account, or a new one after the old, tell of the same documents.
SOURCE = "stripe"


def subscription_fact(
    subscription: Json,
    *,
    account_id: int | None,
    deal_id: int | None,
    seen_at: datetime,
) -> SubscriptionFact:
    """The state of a subscription as read at `seen_at`."""
    start, end = period_of(subscription)
    return SubscriptionFact(
        source=SOURCE,
        external_id=subscription["id"],
        account_id=account_id,
        deal_id=deal_id,
        status=subscription["status"],
        mrr=mrr_of(subscription, now=seen_at),
        currency=subscription["currency"].upper(),
        started_at=moment(subscription.get("start_date")),
        current_period_start=start,
        current_period_end=end,
        cancel_at_period_end=bool(subscription.get("cancel_at_period_end")),
        ended_at=moment(subscription.get("ended_at")),
        source_updated_at=seen_at,
    )


def invoice_fact(invoice: Json, *, account_id: int | None, occurred_at: datetime) -> InvoiceFact:
    """The state of an invoice when an event told of it."""
    currency = invoice["currency"]
    transitions = invoice.get("status_transitions") or {}
    return InvoiceFact(
        source=SOURCE,
        external_id=invoice["id"],
        account_id=account_id,
        number=invoice.get("number") or "",
        currency=currency.upper(),
        total=from_minor(invoice.get("total"), currency),
        amount_paid=from_minor(invoice.get("amount_paid"), currency),
        amount_due=from_minor(invoice.get("amount_due"), currency),
        tax_total=from_minor(tax_of(invoice), currency),
        line_total=from_minor(invoice.get("subtotal"), currency),
        status=invoice.get("status") or ("paid" if invoice.get("paid") else "open"),
        issued_at=moment(transitions.get("finalized_at") or invoice.get("created")),
        due_at=moment(invoice.get("due_date")),
        paid_at=moment(transitions.get("paid_at")),
        url=invoice.get("hosted_invoice_url") or "",
        subscription_external_id=subscription_of(invoice),
        attempt_count=invoice.get("attempt_count") or 0,
        occurred_at=occurred_at,
    )


def period_of(subscription: Json) -> tuple[datetime | None, datetime | None]:
    """Periods live on the items since 2025-03-31 and may differ: the earliest start and end."""
    items = subscription["items"]["data"]
    starts = [item["current_period_start"] for item in items if item.get("current_period_start")]
    ends = [item["current_period_end"] for item in items if item.get("current_period_end")]
    start = min(starts, default=subscription.get("current_period_start"))
    end = min(ends, default=subscription.get("current_period_end"))
    return moment(start), moment(end)


def subscription_of(invoice: Json) -> str:
    """Empty for an invoice of no subscription."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return id_of(details.get("subscription") or invoice.get("subscription"))


def tax_of(invoice: Json) -> int:
    """Minor units."""
    taxes = invoice.get("total_taxes")
    if taxes is None:
        taxes = invoice.get("total_tax_amounts")
    if taxes is None:
        return invoice.get("tax") or 0
    return sum(tax["amount"] for tax in taxes)


def id_of(value: Any) -> str:
    """An id, whether it was expanded or not; empty for none."""
    return str((value.get("id") if isinstance(value, Mapping) else value) or "")


def moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
