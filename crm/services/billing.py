"""The facts of money: what payment providers call when an invoice or a subscription moved.

Each fact may come many times, late and in any order; it moves numbers once. The account's row is
locked first, so two workers with facts of one account take turns.
"""

from __future__ import annotations

from django.db import transaction
from django.utils.text import capfirst

from crm.choices import ActivityKind, PaymentState
from crm.models import Invoice, Payment, Workspace
from crm.services.account_money import account_failed, account_paid
from crm.services.activities import activity_log
from crm.services.billing_accounts import account_locked
from crm.services.billing_facts import InvoiceFact, SubscriptionFact
from crm.services.invoices import SETTLED, invoice_upsert
from crm.services.origin import Origin
from crm.services.payment_recovery import recovery_finish, recovery_start
from crm.services.records import record_create
from crm.services.subscriptions import subscription_record

__all__ = [
    "InvoiceFact",
    "SubscriptionFact",
    "invoice_failed",
    "invoice_paid",
    "invoice_record",
    "subscription_record",
]


@transaction.atomic
def invoice_record(workspace: Workspace, fact: InvoiceFact, origin: Origin) -> Invoice:
    """Keep the invoice as reported; an older state does not overwrite a newer one.

    One that is void or paid needs nobody's attention any more; a payment counts in invoice_paid.
    """
    account = account_locked(workspace, fact.account_id)
    invoice = invoice_upsert(workspace, fact, account=account, origin=origin)
    if invoice.status in SETTLED:
        recovery_finish(workspace, fact, reason=f"{fact.label} {invoice.status}")
    return invoice


@transaction.atomic
def invoice_paid(workspace: Workspace, fact: InvoiceFact, origin: Origin) -> Invoice:
    """Keep the payment and apply the rule "invoice paid", once per invoice.

    An invoice settled without money (a trial, a credit) moves neither health nor status.
    """
    account = account_locked(workspace, fact.account_id)
    invoice = invoice_upsert(workspace, fact, account=account, origin=origin)
    recovery_finish(workspace, fact, reason=f"{fact.label} paid")
    if fact.amount_paid <= 0:
        return invoice
    payment = _payment_keep(invoice, fact, state=PaymentState.SUCCEEDED, origin=origin)
    if payment is not None and account is not None:
        account_paid(account, payment, reason=f"{fact.label} paid")
    return invoice


@transaction.atomic
def invoice_failed(
    workspace: Workspace, fact: InvoiceFact, failure_message: str, origin: Origin
) -> Invoice:
    """Keep the failed attempt and apply the rule "invoice failed", once per attempt.

    A failure of an invoice that is settled by now still costs health, but nobody is alarmed.
    """
    account = account_locked(workspace, fact.account_id)
    invoice = invoice_upsert(workspace, fact, account=account, origin=origin)
    payment = _payment_keep(
        invoice, fact, state=PaymentState.FAILED, origin=origin, failure_message=failure_message
    )
    if payment is None or account is None:
        return invoice
    account = account_failed(account, payment, reason=f"{fact.label} failed")
    if invoice.status not in SETTLED:
        recovery_start(account, fact, failure_message=failure_message)
    return invoice


def _payment_keep(
    invoice: Invoice,
    fact: InvoiceFact,
    *,
    state: PaymentState,
    origin: Origin,
    failure_message: str = "",
) -> Payment | None:
    """The payment with its line on the timeline; None when it is known already."""
    is_paid = state == PaymentState.SUCCEEDED
    suffix = "paid" if is_paid else f"attempt:{fact.attempt_count}"
    external_id = f"{fact.external_id}:{suffix}"
    known = {"workspace": invoice.workspace, "source": fact.source, "external_id": external_id}
    if Payment.objects.filter(**known).exists():
        return None
    values = {
        "source": fact.source,
        "external_id": external_id,
        "account": invoice.account,
        "invoice": invoice,
        "currency": fact.currency,
        "amount": fact.amount_paid if is_paid else fact.amount_due,
        "state": state,
        "failure_message": failure_message[:500],
        "occurred_at": (fact.paid_at if is_paid else None) or fact.occurred_at,
    }
    payment = record_create(Payment, workspace=invoice.workspace, values=values, origin=origin)
    _timeline(payment, fact, origin)
    return payment


def _timeline(payment: Payment, fact: InvoiceFact, origin: Origin) -> None:
    is_paid = payment.state == PaymentState.SUCCEEDED
    values = {
        "kind": ActivityKind.PAYMENT_RECEIVED if is_paid else ActivityKind.PAYMENT_FAILED,
        "subject": f"{capfirst(fact.label)} {'paid' if is_paid else 'failed'}",
        "body": payment.failure_message,
        "occurred_at": payment.occurred_at,
        "account": payment.account,
        "deal": payment.invoice.deal if payment.invoice else None,
        "amount": payment.amount,
        "currency": payment.currency,
        "url": fact.url,
        "details": {"attempt": fact.attempt_count, "invoice": fact.external_id},
    }
    activity_log(
        workspace=payment.workspace,
        values=values,
        origin=origin,
        source=fact.source,
        external_id=f"payment:{payment.external_id}",
    )
