"""A small company to walk through: a seller, a customer to be, a deal with something in it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from crm.choices import BillingInterval, Role
from crm.models import Account, Contact, Deal, User, Workspace
from crm.services.accounts import account_create
from crm.services.contacts import contact_create
from crm.services.deals import deal_create, line_item_add
from crm.services.origin import by_user
from crm.services.people import membership_set, user_create, workspace_create
from crm.services.products import product_create
from imports.models import ImportJob
from imports.tasks import work as import_work
from tests import factories

PASSWORD = "correct horse battery"
CSV = (
    "First Name,Last Name,Email,Company\n"
    "Ada,Lovelace,ada@engine.example,Analytical Engines\n"
    "Grace,Hopper,grace@navy.example,Navy\n"
)


@dataclass(frozen=True)
class Shop:
    """What a journey begins with."""

    workspace: Workspace
    seller: User
    account: Account
    contact: Contact
    deal: Deal


def shop_made() -> Shop:
    """The seller is an admin, so that one person can import, connect and sell."""
    owner = factories.user_make()
    seller = user_create(email="sam@shop.example", name="Sam Seller", password=PASSWORD)
    workspace = workspace_create(name="Shop", slug=factories.unique("shop"), owner=owner)
    membership_set(workspace=workspace, user=seller, role=Role.ADMIN)
    origin = by_user(seller)
    given = {"owner": seller}
    account = account_create(
        workspace=workspace, values={"name": "Birch & Co", "csm": seller, **given}, origin=origin
    )
    contact = contact_create(
        workspace=workspace,
        values={
            "first_name": "Bea",
            "last_name": "Birch",
            "email": "bea@birch.example",
            "account": account,
            **given,
        },
        origin=origin,
    )
    product = product_create(
        workspace=workspace,
        values={
            "name": "Team plan",
            "unit_price": Decimal(49),
            "billing_interval": BillingInterval.MONTH,
        },
        origin=origin,
    )
    deal = deal_create(
        workspace=workspace,
        values={
            "name": "Birch team",
            "account": account,
            "primary_contact": contact,
            **given,
        },
        origin=origin,
    )
    line_item_add(deal, product=product, quantity=3, origin=origin)
    return Shop(workspace, seller, account, contact, deal)


def imports_worked() -> None:
    """Do what the queue would do with imports that are at work."""
    for job in ImportJob.objects.all():
        import_work(job.pk)
