"""Fixtures of the service tests: an account with its csm, and facts of money about it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from crm.choices import OriginKind
from crm.models import Account, User, Workspace
from crm.services.accounts import account_create
from crm.services.billing import InvoiceFact, SubscriptionFact
from crm.services.origin import Origin

PAID_AT = datetime.datetime(2026, 5, 4, 12, 0, tzinfo=datetime.UTC)


@pytest.fixture
def vendor() -> Origin:
    """The origin of what a connection reports."""
    return Origin(OriginKind.CONNECTION, "7")


@pytest.fixture
def account(workspace: Workspace, manager: User, origin: Origin) -> Account:
    """Acme, whose csm is the manager."""
    values = {"name": "Acme", "csm": manager}
    return account_create(workspace=workspace, values=values, origin=origin)


@pytest.fixture
def invoice_fact(account: Account) -> Callable[..., InvoiceFact]:
    def make(**changes: Any) -> InvoiceFact:
        status = changes.get("status", "paid")
        fact: dict[str, Any] = {
            "source": "stripe:7",
            "external_id": "in_1",
            "account_id": account.pk,
            "number": "NEXA-0007",
            "currency": "USD",
            "total": Decimal(120),
            "amount_paid": Decimal(120 if status == "paid" else 0),
            "amount_due": Decimal(120),
            "tax_total": Decimal(20),
            "line_total": Decimal(100),
            "status": status,
            "issued_at": PAID_AT,
            "due_at": PAID_AT,
            "paid_at": PAID_AT if status == "paid" else None,
            "url": "https://pay.example.test/in_1",
            "subscription_external_id": "sub_1",
            "attempt_count": 1,
            "occurred_at": PAID_AT,
        }
        return InvoiceFact(**{**fact, **changes})

    return make


@pytest.fixture
def subscription_fact(account: Account) -> Callable[..., SubscriptionFact]:
    def make(**changes: Any) -> SubscriptionFact:
        fact: dict[str, Any] = {
            "source": "stripe:7",
            "external_id": "sub_1",
            "account_id": account.pk,
            "deal_id": None,
            "status": "active",
            "mrr": Decimal(49),
            "currency": "USD",
            "started_at": PAID_AT,
            "current_period_start": PAID_AT,
            "current_period_end": PAID_AT + datetime.timedelta(days=30),
            "cancel_at_period_end": False,
            "ended_at": None,
            "source_updated_at": PAID_AT,
        }
        return SubscriptionFact(**{**fact, **changes})

    return make
