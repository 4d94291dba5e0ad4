"""Keeps invoices as billing systems report them."""

from __future__ import annotations

from typing import Any

from crm.choices import InvoiceStatus
from crm.models import Account, Invoice, Subscription, Workspace
from crm.services.billing_facts import InvoiceFact
from crm.services.origin import Origin
from crm.services.records import record_update
from crm.services.upserts import document_create, document_find

SETTLED = (InvoiceStatus.PAID, InvoiceStatus.VOID)


def invoice_upsert(
    workspace: Workspace, fact: InvoiceFact, *, account: Account | None, origin: Origin
) -> Invoice:
    """The invoice after the fact; what is older than the newest state seen changes nothing."""
    invoice = document_find(Invoice, workspace, source=fact.source, external_id=fact.external_id)
    values = _values(workspace, fact, account)
    if invoice is None:
        invoice, is_new = document_create(Invoice, workspace, values, origin=origin)
        if is_new:
            return invoice
    attempts = max(invoice.failed_attempts, values["failed_attempts"])
    if _is_older(invoice, fact):
        values = {}
    return record_update(invoice, values={**values, "failed_attempts": attempts}, origin=origin)


def _is_older(invoice: Invoice, fact: InvoiceFact) -> bool:
    """A settled invoice stays settled; else the later report counts."""
    if invoice.status in SETTLED and fact.status not in SETTLED:
        return True
    if fact.status in SETTLED and invoice.status not in SETTLED:
        return False
    seen = invoice.source_updated_at
    return seen is not None and fact.occurred_at < seen


def _values(workspace: Workspace, fact: InvoiceFact, account: Account | None) -> dict[str, Any]:
    subscription = _subscription(workspace, fact)
    values = {
        "source": fact.source,
        "external_id": fact.external_id,
        "number": fact.number,
        "currency": fact.currency.upper(),
        "status": fact.status,
        "total": fact.total,
        "line_total": fact.line_total,
        "tax_total": fact.tax_total,
        "amount_paid": fact.amount_paid,
        "amount_due": fact.amount_due,
        "issued_at": fact.issued_at,
        "due_at": fact.due_at,
        "paid_at": fact.paid_at,
        "url": fact.url,
        "subscription_external_id": fact.subscription_external_id,
        "failed_attempts": 0 if fact.status == InvoiceStatus.PAID else fact.attempt_count,
        "source_updated_at": fact.occurred_at,
    }
    if account is not None:
        values["account"] = account
    if subscription is not None:
        values |= {"subscription": subscription, "deal": subscription.deal}
    return values


def _subscription(workspace: Workspace, fact: InvoiceFact) -> Subscription | None:
    if not fact.subscription_external_id:
        return None
    return (
        Subscription.objects.filter(
            workspace=workspace, source=fact.source, external_id=fact.subscription_external_id
        )
        .select_related("deal")
        .first()
    )
