"""Moves an account's payment status, health and churn risk by the rules of money."""

from __future__ import annotations

from typing import Any

from crm.choices import Level
from crm.models import Account, Payment
from crm.rules.health import MoneyEvent, health_after, payment_status
from crm.rules.points import points_for
from crm.services.invoices import SETTLED
from crm.services.origin import by_rule
from crm.services.records import record_update

# The newest events decide the status; a failure further back than this is settled or hopeless.
EVENTS_READ = 50


def account_paid(account: Account, payment: Payment, *, reason: str) -> Account:
    """Rule "invoice paid": health up, payment status current, time of the last payment."""
    newest = max(account.last_payment_at or payment.occurred_at, payment.occurred_at)
    return _move(account, rule="invoice_paid", reason=reason, values={"last_payment_at": newest})


def account_failed(account: Account, payment: Payment, *, reason: str) -> Account:
    """Rule "invoice failed": health down, churn risk high, payment status overdue."""
    return _move(account, rule="invoice_failed", reason=reason, values={"churn_risk": Level.HIGH})


def _move(account: Account, *, rule: str, reason: str, values: dict[str, Any]) -> Account:
    moved = {
        **values,
        "payment_status": _status(account),
        "health_score": health_after(account.health_score, points_for(account.workspace, rule)),
    }
    return record_update(account, values=moved, origin=by_rule(rule, reason))


def _status(account: Account) -> str:
    newest = account.payments.select_related("invoice").order_by("-occurred_at", "-id")
    return payment_status(
        MoneyEvent(
            state=payment.state,
            occurred_at=payment.occurred_at,
            is_settled=bool(payment.invoice and payment.invoice.status in SETTLED),
        )
        for payment in newest[:EVENTS_READ]
    )
