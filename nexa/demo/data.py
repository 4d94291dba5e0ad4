"""Writes the demo workspace through the CRM's services: all of it, once, or nothing."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from crm.choices import OriginKind, Role
from crm.models import Account, Product, Stage, User, Workspace
from crm.services.accounts import account_create
from crm.services.activities import call_log, note_add
from crm.services.contacts import contact_create
from crm.services.deals import deal_create, deal_move
from crm.services.leads import lead_create
from crm.services.line_items import line_item_add
from crm.services.origin import Origin
from crm.services.people import membership_set, user_create, workspace_create
from crm.services.products import product_create
from crm.services.tasks import task_create
from nexa.demo.logins import OPERATOR, SALESPERSON, Login, login_of
from nexa.demo.records import ACCOUNTS, CALLS, DEALS, LEADS, NOTES, PRODUCTS, TASKS, DemoDeal

SLUG = "demo"
OWNER_EMAIL = "owner@demo.example"


@transaction.atomic
def demo_workspace_made(logins: list[Login]) -> Workspace:
    """The demo workspace with its logins; what is there already is left as it is."""
    salesperson = _user_made(login_of(logins, SALESPERSON), is_operator=False)
    _user_made(login_of(logins, OPERATOR), is_operator=True)
    found = Workspace.objects.filter(slug=SLUG).first()
    if found is not None:
        return found
    owner = user_create(email=OWNER_EMAIL, name="Dana Director")
    workspace = workspace_create(name="Demo", slug=SLUG, owner=owner)
    # An admin, so that one person can walk the whole loop: import, connect, sell.
    membership_set(workspace=workspace, user=salesperson, role=Role.ADMIN)
    _records_made(workspace, salesperson)
    return workspace


def _user_made(login: Login, *, is_operator: bool) -> User:
    """The user with the password that is printed, whatever it was before."""
    user = User.objects.filter(email=login.email).first()
    if user is None:
        return user_create(
            email=login.email, name=login.name, password=login.password, is_operator=is_operator
        )
    if not user.check_password(login.password):
        user.set_password(login.password)
        user.save(update_fields=["password"])
    return user


def _records_made(workspace: Workspace, salesperson: User) -> None:
    origin = Origin(OriginKind.COMMAND, "demo_data", salesperson)
    products = {
        product.name: product
        for product in (
            product_create(workspace=workspace, values=values, origin=origin) for values in PRODUCTS
        )
    }
    accounts = _accounts_made(workspace, salesperson, origin)
    for deal in DEALS:
        _deal_made(deal, accounts[deal.account], products, origin)
    for values in LEADS:
        lead_create(workspace=workspace, values={**values, "owner": salesperson}, origin=origin)
    _work_made(accounts, salesperson, origin)


def _accounts_made(workspace: Workspace, salesperson: User, origin: Origin) -> dict[str, Account]:
    made = {}
    for row in ACCOUNTS:
        values = {**row.values, "owner": salesperson, "csm": salesperson}
        account = account_create(workspace=workspace, values=values, origin=origin)
        for person in row.contacts:
            contact_create(
                workspace=workspace,
                values={**person, "account": account, "owner": salesperson},
                origin=origin,
            )
        made[account.name] = account
    return made


def _deal_made(
    row: DemoDeal, account: Account, products: dict[str, Product], origin: Origin
) -> None:
    today = timezone.localdate()
    values = {
        "name": row.name,
        "account": account,
        "primary_contact": account.contacts.first(),
        "owner": origin.actor,
        "amount": Decimal(row.amount),
        "close_date": today + datetime.timedelta(days=row.closes_in),
    }
    deal = deal_create(workspace=account.workspace, values=values, origin=origin)
    for name, quantity in row.lines:
        line_item_add(deal, product=products[name], quantity=quantity, origin=origin)
    stage = Stage.objects.get(pipeline=deal.pipeline, name=row.stage)
    deal.refresh_from_db()
    deal_move(deal, stage, origin=origin, lost_reason=row.lost_reason)


def _work_made(accounts: dict[str, Account], salesperson: User, origin: Origin) -> None:
    now = timezone.now()
    for task in TASKS:
        account = accounts[task.account]
        values = {
            "title": task.title,
            "account": account,
            "kind": task.kind,
            "priority": task.priority,
            "due_at": now + datetime.timedelta(hours=task.due_in),
            "assigned_to": salesperson,
            "owner": salesperson,
        }
        task_create(workspace=account.workspace, values=values, origin=origin)
    for name, body in NOTES:
        note_add(accounts[name], body=body, origin=origin)
    for name, body in CALLS:
        call_log(accounts[name], body=body, origin=origin)
