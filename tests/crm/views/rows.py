"""Many rows at once, written past the services because only their number matters."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from crm.choices import ActivityKind
from crm.models import (
    Account,
    Activity,
    Contact,
    Deal,
    Invoice,
    Lead,
    Payment,
    Product,
    Stage,
    Subscription,
    Task,
    User,
    Workspace,
)

MANY = 60


def many_accounts(workspace: Workspace, owner: User) -> list[Account]:
    return Account.objects.bulk_create(
        Account(workspace=workspace, name=f"Company {number:03}", owner=owner, csm=owner)
        for number in range(MANY)
    )


def many_contacts(workspace: Workspace, owner: User) -> list[Contact]:
    accounts = many_accounts(workspace, owner)
    return Contact.objects.bulk_create(
        Contact(
            workspace=workspace,
            first_name="Pat",
            last_name=f"Person {number:03}",
            email=f"pat{number:03}@example.test",
            account=accounts[number],
            owner=owner,
        )
        for number in range(MANY)
    )


def many_leads(workspace: Workspace, owner: User) -> list[Lead]:
    return Lead.objects.bulk_create(
        Lead(workspace=workspace, last_name=f"Lead {number:03}", owner=owner)
        for number in range(MANY)
    )


def many_products(workspace: Workspace, owner: User) -> list[Product]:
    return Product.objects.bulk_create(
        Product(workspace=workspace, name=f"Product {number:03}", unit_price=1, currency="USD")
        for number in range(MANY)
    )


def many_deals(workspace: Workspace, owner: User, account: Account | None = None) -> list[Deal]:
    """Deals spread over every stage."""
    stages = list(Stage.objects.filter(workspace=workspace).order_by("order"))
    contacts = many_contacts(workspace, owner)
    return Deal.objects.bulk_create(
        Deal(
            workspace=workspace,
            name=f"Deal {number:03}",
            account=account or contacts[number].account,
            primary_contact=contacts[number],
            owner=owner,
            pipeline_id=stages[0].pipeline_id,
            stage=stages[number % len(stages)],
            amount=Decimal(100),
            currency="EUR" if number % 2 else "USD",
        )
        for number in range(MANY)
    )


def many_tasks(workspace: Workspace, user: User, account: Account | None = None) -> list[Task]:
    """Tasks from a month ago to a month ahead, one a day."""
    contacts = many_contacts(workspace, user)
    now = timezone.now()
    return Task.objects.bulk_create(
        Task(
            workspace=workspace,
            title=f"Task {number:03}",
            assigned_to=user,
            account=account,
            contact=contacts[number],
            due_at=now + timedelta(days=number - MANY // 2),
        )
        for number in range(MANY)
    )


def many_activities(account: Account, actor: User) -> list[Activity]:
    now = timezone.now()
    return Activity.objects.bulk_create(
        Activity(
            workspace_id=account.workspace_id,
            kind=ActivityKind.NOTE,
            subject=f"Note {number:03}",
            occurred_at=now - timedelta(hours=number),
            actor=actor,
            account=account,
        )
        for number in range(MANY)
    )


def many_documents(account: Account) -> None:
    """Subscriptions, invoices and payments of a billing system."""
    common = {"workspace_id": account.workspace_id, "account": account, "currency": "USD"}
    for number in range(MANY):
        key = {"source": "billing", "external_id": f"x{number}"}
        Subscription.objects.create(**common, **key, status="active", mrr=10)
        invoice = Invoice.objects.create(**common, **key, total=10, number=f"INV-{number:03}")
        Payment.objects.create(
            **common,
            **key,
            invoice=invoice,
            amount=10,
            state="succeeded",
            occurred_at=timezone.now(),
        )
