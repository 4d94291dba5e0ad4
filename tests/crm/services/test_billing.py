"""Facts of money move numbers once, in whatever order they come."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine

from crm.choices import OriginKind, Role
from crm.models import Account, Activity, Alert, Change, Invoice, Payment, Task, User, Workspace
from crm.services.accounts import account_update
from crm.services.billing import InvoiceFact, invoice_failed, invoice_paid, invoice_record
from crm.services.errors import WrongWorkspace
from crm.services.origin import Origin
from tests.factories import membership_make, workspace_make

MakeFact = Callable[..., InvoiceFact]
HOUR = datetime.timedelta(hours=1)


def fail(workspace: Workspace, fact: InvoiceFact, vendor: Origin) -> Invoice:
    return invoice_failed(workspace, fact, "Your card was declined.", vendor)


def test_invoice_paid_moves_the_account(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    fact = invoice_fact()

    invoice_paid(workspace, fact, vendor)

    account.refresh_from_db()
    assert (account.payment_status, account.health_score) == ("current", 75)
    assert account.last_payment_at == fact.paid_at
    activity = Activity.objects.get(account=account, kind="payment_received")
    assert (activity.amount, activity.currency) == (Decimal(120), "USD")


def test_health_movement_names_its_rule_and_event(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    invoice_paid(workspace, invoice_fact(), vendor)

    change = Change.objects.get(record_type="account", diff__has_key="health_score")
    assert (change.origin_kind, change.origin_id) == (OriginKind.RULE, "invoice_paid")
    assert change.reason == "invoice NEXA-0007 paid"
    assert change.diff["health_score"] == [70, 75]


def test_invoice_paid_three_times_moves_once(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    for _ in range(3):
        invoice_paid(workspace, invoice_fact(), vendor)

    account.refresh_from_db()
    assert account.health_score == 75
    assert Payment.objects.count() == Activity.objects.count() == 1


def test_invoice_without_money_moves_nothing(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    invoice_paid(workspace, invoice_fact(total=Decimal(0), amount_paid=Decimal(0)), vendor)

    account.refresh_from_db()
    assert (account.payment_status, account.health_score) == ("none", 70)
    assert Invoice.objects.get().status == "paid"
    assert not Activity.objects.exists()


def test_invoice_failed_alarms_the_csm(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    fail(workspace, invoice_fact(status="open"), vendor)

    account.refresh_from_db()
    assert (account.payment_status, account.health_score) == ("overdue", 55)
    assert account.churn_risk == "high"
    alert, task = Alert.objects.get(), Task.objects.get()
    assert (alert.kind, alert.severity, alert.assigned_to) == (
        "payment_failed",
        "urgent",
        account.csm,
    )
    assert task.title == "URGENT: Payment failed for Acme"
    assert (task.kind, task.priority, task.assigned_to) == (
        "payment_recovery",
        "urgent",
        account.csm,
    )


@time_machine.travel("2026-05-04T22:30:00Z", tick=False)
def test_recovery_task_is_due_today_where_the_workspace_is(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Asia/Tokyo")

    fail(workspace, invoice_fact(status="open"), vendor)

    due_at = Task.objects.get().due_at
    assert due_at is not None
    assert due_at.astimezone(ZoneInfo("Asia/Tokyo")).date() == datetime.date(2026, 5, 5)


def test_each_attempt_counts_once(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    first, second = (invoice_fact(status="open", attempt_count=count) for count in (1, 2))
    for fact in (first, second, first, second):
        fail(workspace, fact, vendor)

    account.refresh_from_db()
    assert account.health_score == 40
    assert Alert.objects.get().occurrences == 2
    assert Task.objects.count() == 1
    assert Invoice.objects.get().failed_attempts == 2


def test_payment_after_failure_settles_alert_and_task(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    fail(workspace, invoice_fact(status="open", occurred_at=invoice_fact().occurred_at), vendor)
    invoice_paid(workspace, invoice_fact(attempt_count=2), vendor)

    account.refresh_from_db()
    assert (account.payment_status, account.health_score) == ("current", 60)
    assert Alert.objects.get().status == "resolved"
    assert Task.objects.get().status == "done"


def test_failure_known_after_the_payment_alarms_nobody(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    paid = invoice_fact(attempt_count=2)
    invoice_paid(workspace, paid, vendor)
    fail(workspace, invoice_fact(status="open", occurred_at=paid.occurred_at - HOUR), vendor)

    account.refresh_from_db()
    assert (account.payment_status, account.health_score) == ("current", 60)
    assert Invoice.objects.get().status == "paid"
    assert Activity.objects.filter(kind="payment_failed").count() == 1
    assert not Alert.objects.exists()
    assert not Task.objects.exists()


def test_void_invoice_needs_nobody_any_more(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    failed = invoice_fact(status="open")
    fail(workspace, failed, vendor)

    invoice_record(workspace, invoice_fact(status="void", occurred_at=failed.occurred_at), vendor)
    fail(workspace, invoice_fact(status="open", attempt_count=2), vendor)

    assert Alert.objects.get().status == "resolved"
    assert Task.objects.get().status == "done"


def test_newest_event_decides_the_status_in_any_order(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    paid = invoice_fact(external_id="in_old")
    later = paid.occurred_at + HOUR
    fail(workspace, invoice_fact(external_id="in_new", status="open", occurred_at=later), vendor)

    invoice_paid(workspace, paid, vendor)

    account.refresh_from_db()
    assert account.payment_status == "overdue"


def test_health_stays_within_bounds(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    for number in range(8):
        invoice_paid(workspace, invoice_fact(external_id=f"in_{number}"), vendor)
    account.refresh_from_db()
    assert account.health_score == 100

    for attempt in range(9):
        fail(
            workspace,
            invoice_fact(external_id="in_x", status="open", attempt_count=attempt + 1),
            vendor,
        )
    account.refresh_from_db()
    assert account.health_score == 0


def test_older_state_does_not_overwrite_the_invoice(
    workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    now = invoice_fact(status="open", total=Decimal(90))
    old = invoice_fact(status="draft", total=Decimal(10), occurred_at=now.occurred_at - HOUR)

    invoice_record(workspace, now, vendor)
    invoice = invoice_record(workspace, old, vendor)

    assert (invoice.status, invoice.total) == ("open", Decimal(90))


def test_recovery_falls_back_to_owner_of_account_then_of_workspace(
    account: Account, workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    boss = membership_make(workspace, role=Role.OWNER).user
    salesperson = membership_make(workspace).user
    account_update(account, values={"csm": None, "owner": salesperson}, origin=vendor)
    fail(workspace, invoice_fact(status="open"), vendor)
    assert Task.objects.get().assigned_to == salesperson

    account_update(account, values={"owner": None}, origin=vendor)
    fail(workspace, invoice_fact(status="open", external_id="in_2"), vendor)
    assert Task.objects.latest("id").assigned_to == boss


def test_csm_who_left_is_not_asked(
    account: Account, workspace: Workspace, manager: User, invoice_fact: MakeFact, vendor: Origin
) -> None:
    workspace.memberships.filter(user=manager).delete()

    fail(workspace, invoice_fact(status="open"), vendor)

    assert Task.objects.get().assigned_to is None


def test_account_of_another_workspace_is_refused(
    account: Account, invoice_fact: MakeFact, vendor: Origin
) -> None:
    with pytest.raises(WrongWorkspace):
        invoice_paid(workspace_make(), invoice_fact(), vendor)

    assert not Invoice.objects.exists()


def test_payment_without_account_is_kept(
    workspace: Workspace, invoice_fact: MakeFact, vendor: Origin
) -> None:
    invoice_paid(workspace, invoice_fact(account_id=None), vendor)

    assert Payment.objects.get().account is None
