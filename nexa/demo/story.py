"""Tells the demo's last ninety days through the CRM's services, from the oldest day to today."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from django.utils import timezone

from crm.choices import OriginKind
from crm.models import Account, Deal, Product, Stage, Task, User, Workspace
from crm.services.accounts import account_create
from crm.services.activities import call_log, note_add
from crm.services.contacts import contact_create
from crm.services.deals import deal_create, deal_move
from crm.services.leads import lead_create
from crm.services.line_items import line_item_add
from crm.services.origin import Origin
from crm.services.products import product_create
from crm.services.tasks import task_complete, task_create
from nexa.demo.companies import ACCOUNTS, DemoAccount
from nexa.demo.dating import date_all, happened, moment_of
from nexa.demo.records import (
    DEALS,
    LEADS,
    OLDEST_DAY,
    PRODUCTS,
    TALKS,
    TASKS,
    DemoDeal,
    DemoTalk,
    DemoTask,
)

END_OF_WORK = 17
LAST_HOUR = 23


@dataclass(frozen=True)
class Step:
    """Something that happened so many days ago; `name` decides the minute of that day."""

    days_ago: int
    name: str
    act: Callable[[], object]


@dataclass
class Teller:
    """Writes the steps; remembers what later steps refer to by name."""

    workspace: Workspace
    origin: Origin
    products: dict[str, Product] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)

    def product(self, values: dict[str, object]) -> None:
        made = product_create(workspace=self.workspace, values=values, origin=self.origin)
        self.products[made.name] = made

    def account(self, row: DemoAccount) -> None:
        owner = self.origin.actor
        values = {**row.values, "owner": owner, "csm": owner}
        account = account_create(workspace=self.workspace, values=values, origin=self.origin)
        for person in row.contacts:
            contact_create(
                workspace=self.workspace,
                values={**person, "account": account, "owner": owner},
                origin=self.origin,
            )
        self.accounts[account.name] = account

    def lead(self, values: dict[str, object]) -> None:
        values = {**values, "owner": self.origin.actor}
        lead_create(workspace=self.workspace, values=values, origin=self.origin)

    def deal(self, row: DemoDeal) -> None:
        account = self.accounts[row.account]
        values = {
            "name": row.name,
            "account": account,
            "primary_contact": account.contacts.order_by("id").first(),
            "owner": self.origin.actor,
            "amount": Decimal(row.amount),
            "close_date": timezone.localdate() + datetime.timedelta(days=row.closes_in),
        }
        deal = deal_create(workspace=self.workspace, values=values, origin=self.origin)
        for name, quantity in row.lines:
            line_item_add(deal, product=self.products[name], quantity=quantity, origin=self.origin)
        self.deals[row.name] = deal

    def move(self, row: DemoDeal, stage_name: str) -> None:
        deal = self.deals[row.name]
        stage = Stage.objects.get(pipeline=deal.pipeline, name=stage_name)
        deal.refresh_from_db()
        deal_move(deal, stage, origin=self.origin, lost_reason=row.lost_reason)

    def talk(self, row: DemoTalk) -> None:
        account = self.accounts[row.account]
        if not row.is_call:
            note_add(account, body=row.body, origin=self.origin)
            return
        person = account.contacts.order_by("id").first()
        call_log(person or account, body=row.body, origin=self.origin)

    def task(self, row: DemoTask) -> None:
        values = {
            "title": row.title,
            "account": self.accounts[row.account],
            "kind": row.kind,
            "priority": row.priority,
            "due_at": due_at(row.due_in),
            "assigned_to": self.origin.actor,
            "owner": self.origin.actor,
        }
        self.tasks[row.title] = task_create(
            workspace=self.workspace, values=values, origin=self.origin
        )

    def task_done(self, row: DemoTask) -> None:
        task_complete(self.tasks[row.title], origin=self.origin)


def story_told(workspace: Workspace, salesperson: User) -> None:
    """In the caller's transaction; the same story whenever it is told, dated from today."""
    teller = Teller(workspace, Origin(OriginKind.COMMAND, "demo_data", salesperson))
    date_all(workspace, moment_of(OLDEST_DAY + 1, workspace.name))
    dated = [(moment_of(step.days_ago, step.name), step) for step in _steps(teller)]
    for moment, step in sorted(dated, key=lambda pair: pair[0]):
        with happened(workspace, moment):
            step.act()


def due_at(days: int) -> datetime.datetime:
    """The end of that working day; for today, late enough to be still ahead."""
    now = timezone.localtime()
    hour = max(END_OF_WORK, min(now.hour + 2, LAST_HOUR)) if days == 0 else END_OF_WORK
    day = now + datetime.timedelta(days=days)
    return day.replace(hour=hour, minute=59 if hour == LAST_HOUR else 0, second=0, microsecond=0)


def _steps(teller: Teller) -> Iterator[Step]:
    for values in PRODUCTS:
        yield Step(OLDEST_DAY, values["name"], partial(teller.product, values))
    for account in ACCOUNTS:
        name = account.values["name"]
        yield Step(account.since, name, partial(teller.account, account))
    for days_ago, person in LEADS:
        yield Step(days_ago, person["email"], partial(teller.lead, person))
    for talk in TALKS:
        yield Step(talk.days_ago, talk.body, partial(teller.talk, talk))
    for deal in DEALS:
        yield from _deal_steps(teller, deal)
    for task in TASKS:
        yield Step(task.made, task.title, partial(teller.task, task))
        if task.done is not None:
            yield Step(task.done, task.title, partial(teller.task_done, task))


def _deal_steps(teller: Teller, deal: DemoDeal) -> Iterator[Step]:
    yield Step(deal.began, deal.name, partial(teller.deal, deal))
    for stage, days_ago in deal.moves:
        yield Step(days_ago, f"{deal.name} {stage}", partial(teller.move, deal, stage))
