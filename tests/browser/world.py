"""What the pages show: the demo, the long and odd records a real workspace has, and no records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from crm.choices import InvoiceStatus, OriginKind, Role
from crm.models import Account, Contact, Deal, Lead, Product, Task, User, Workspace
from crm.services.billing import (
    InvoiceFact,
    SubscriptionFact,
    invoice_failed,
    invoice_paid,
    subscription_record,
)
from crm.services.contacts import contact_archive, contact_create
from crm.services.origin import Origin, by_user
from crm.services.people import user_create, workspace_create
from crm.services.tasks import task_complete
from nexa.demo.data import demo_workspace_made
from nexa.demo.logins import OPERATOR, SALESPERSON, Login
from tests import factories

LONG_NAME = "Bartholomäus-Maximilian Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh"
VENDOR = Origin(OriginKind.CONNECTION, "1", None, "invoice.payment_failed")


@dataclass(frozen=True)
class World:
    """One workspace full of records and one without any, with the people who look at them."""

    workspace: Workspace
    seller: User
    viewer: User
    operator: User
    newcomer: User
    stranger: User

    def account(self, name: str = "Harbour Robotics") -> Account:
        return Account.objects.get(workspace=self.workspace, name=name)

    @property
    def contact(self) -> Contact:
        return Contact.objects.get(workspace=self.workspace, last_name="Okafor")

    @property
    def long_named(self) -> Contact:
        return Contact.objects.get(workspace=self.workspace, first_name=LONG_NAME.split()[0])

    @property
    def archived(self) -> Contact:
        return Contact.objects.get(workspace=self.workspace, last_name="Gone")

    @property
    def deal(self) -> Deal:
        return Deal.objects.get(workspace=self.workspace, account__name="Harbour Robotics")

    @property
    def lead(self) -> Lead:
        return Lead.objects.get(workspace=self.workspace, last_name="Dahl")

    @property
    def task(self) -> Task:
        return Task.objects.get(workspace=self.workspace, title="Send the revised quote")

    @property
    def product(self) -> Product:
        return Product.objects.get(workspace=self.workspace, name="Business plan")


def world_made() -> World:
    seller_email, operator_email = f"{factories.unique('s')}@example.test", "operator@example.test"
    workspace = demo_workspace_made(
        [
            Login(OPERATOR, operator_email, "Olivia Operator", "correct horse battery"),
            Login(SALESPERSON, seller_email, "Sam Salesperson", "correct horse battery"),
        ]
    )
    world = World(
        workspace=workspace,
        seller=User.objects.get(email=seller_email),
        viewer=factories.membership_make(workspace, role=Role.VIEWER).user,
        operator=User.objects.get(email=operator_email),
        newcomer=user_create(email="new@example.test", name="Nora Newcomer"),
        stranger=user_create(email="stranger@example.test", name="Stig Stranger"),
    )
    workspace_create(name="Blank", slug="blank", owner=world.newcomer)
    _odd_records_made(world)
    _money_moved(world)
    return world


def _odd_records_made(world: World) -> None:
    """What breaks layouts: very long words, missing values, other scripts, an archived one."""
    origin = by_user(world.seller)
    people = (
        {
            "first_name": LONG_NAME.split()[0],
            "last_name": LONG_NAME.split()[1],
            "email": "very.long.address.of.the.vice.president@subdomain.of.a.company.example",
            "title": "Vice President of Strategic Partnerships, Europe, Middle East and Africa",
            "account": world.account(),
        },
        {"first_name": "Ірина", "last_name": "Шевченко", "email": "iryna@example.test"},
        {"first_name": "", "last_name": "Ng"},
    )
    for values in people:
        contact_create(
            workspace=world.workspace, values={**values, "owner": world.seller}, origin=origin
        )
    gone = contact_create(
        workspace=world.workspace,
        values={"first_name": "Long", "last_name": "Gone", "owner": world.seller},
        origin=origin,
    )
    contact_archive(gone, origin=origin)
    done = Task.objects.get(workspace=world.workspace, title="Prepare the pilot's goals")
    task_complete(done, origin=origin)


def _money_moved(world: World) -> None:
    """A customer whose last invoice failed: subscription, payments, alert and urgent task."""
    account, now = world.account(), timezone.now()
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
    subscription_record(world.workspace, subscription, VENDOR)
    invoice_paid(world.workspace, _invoice(account, "in_paid", days_ago=40), VENDOR)
    invoice_failed(
        world.workspace,
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
