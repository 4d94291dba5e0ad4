"""A small company's records, written through the services as a person would."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.utils import timezone

from crm.models import Account, Alert, Contact, Deal, Lead, LineItem, Product, Task, User, Workspace
from crm.services.accounts import account_create
from crm.services.alerts import alert_raise
from crm.services.contacts import contact_create
from crm.services.deals import deal_create, line_item_add
from crm.services.leads import lead_create
from crm.services.origin import Origin
from crm.services.pipelines import pipeline_create_default
from crm.services.products import product_create
from crm.services.tasks import task_create


@dataclass(frozen=True)
class Company:
    """One of each record, all of one workspace and nobody's own unless said."""

    workspace: Workspace
    account: Account
    contact: Contact
    lead: Lead
    deal: Deal
    product: Product
    line: LineItem
    task: Task
    alert: Alert


@pytest.fixture
def company(workspace: Workspace, origin: Origin) -> Company:
    pipeline_create_default(workspace)
    account = account_create(
        workspace=workspace, values={"name": "Acme", "domain": "acme.test"}, origin=origin
    )
    contact = contact_create(
        workspace=workspace,
        values={
            "first_name": "Ada",
            "last_name": "Byron",
            "email": "ada@acme.test",
            "account": account,
        },
        origin=origin,
    )
    lead = lead_create(
        workspace=workspace,
        values={"first_name": "Lee", "last_name": "Drift", "company": "Drift Ltd"},
        origin=origin,
    )
    product = product_create(
        workspace=workspace,
        values={"name": "Support plan", "unit_price": 50, "billing_interval": "month"},
        origin=origin,
    )
    deal = deal_create(
        workspace=workspace,
        values={"name": "Big plan", "account": account, "primary_contact": contact},
        origin=origin,
    )
    line = line_item_add(deal, product=product, quantity=2, origin=origin)
    task = task_create(
        workspace=workspace,
        values={"title": "Call Ada", "contact": contact, "due_at": timezone.now()},
        origin=origin,
    )
    alert = alert_raise(
        workspace=workspace,
        kind="payment_failed",
        severity="urgent",
        message="Payment failed for Acme",
        subject_key=f"account:{account.pk}",
        account=account,
        origin=origin,
    )
    deal.refresh_from_db()
    return Company(workspace, account, contact, lead, deal, product, line, task, alert)


@pytest.fixture
def colleague(manager: User) -> User:
    """Owns what a member may look at and not change."""
    return manager
