"""Facts of money as a payment provider reports them, for a company that owes some."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from crm.choices import InvoiceStatus, OriginKind
from crm.models import Account, Workspace
from crm.services.billing import (
    InvoiceFact,
    SubscriptionFact,
    invoice_failed,
    invoice_paid,
    subscription_record,
)
from crm.services.origin import Origin

VENDOR = Origin(OriginKind.CONNECTION, "1", None, "invoice.payment_failed")


def money_moved(workspace: Workspace, account: Account) -> None:
    """A customer whose last invoice failed: subscription, payments, alert and urgent task."""
    now = timezone.now()
    subscription = SubscriptionFact(
        source="stripe",
        external_id="sub_world",
        account_id=account.pk,
        deal_id=None,
        status="active",
        mrr=Decimal("398.00"),
        currency="USD",
        started_at=now - timedelta(days=40),
        current_period_start=now - timedelta(days=10),
        current_period_end=now + timedelta(days=20),
        cancel_at_period_end=False,
        ended_at=None,
        source_updated_at=now,
    )
    subscription_record(workspace, subscription, VENDOR)
    invoice_paid(workspace, _invoice(account, "in_paid", days_ago=40), VENDOR)
    invoice_failed(
        workspace,
        _invoice(account, "in_failed", days_ago=10),
        "Your card was declined.",
        VENDOR,
    )


def _invoice(account: Account, external_id: str, *, days_ago: int) -> InvoiceFact:
    moment = timezone.now() - timedelta(days=days_ago)
    paid = external_id == "in_paid"
    total = Decimal("398.00")
    return InvoiceFact(
        source="stripe",
        external_id=external_id,
        account_id=account.pk,
        number=f"NX-{external_id}",
        currency="USD",
        total=total,
        amount_paid=total if paid else Decimal(0),
        amount_due=Decimal(0) if paid else total,
        tax_total=Decimal(0),
        line_total=total,
        status=InvoiceStatus.PAID if paid else InvoiceStatus.OPEN,
        issued_at=moment,
        due_at=moment + timedelta(days=14),
        paid_at=moment if paid else None,
        url="https://invoice.example.test/1",
        subscription_external_id="sub_world",
        attempt_count=1,
        occurred_at=moment,
    )
