"""Who is told of a failed payment, and that it is settled: one alert and one task per invoice."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from crm.choices import Priority, Severity, TaskKind, TaskStatus
from crm.models import Account, Task, Workspace
from crm.services.alerts import alert_raise, alerts_resolve
from crm.services.billing_facts import InvoiceFact
from crm.services.origin import by_rule
from crm.services.people import member_first
from crm.services.tasks import task_complete, task_create, task_update

ALERT_KIND = "payment_failed"
RULE = "invoice_failed"


def recovery_start(account: Account, fact: InvoiceFact, *, failure_message: str) -> None:
    """Raise the urgent alert and make the task, both to the csm; a further attempt counts."""
    person = member_first(account.workspace, (account.csm_id, account.owner_id))
    origin = by_rule(RULE, f"{fact.label} failed")
    alert_raise(
        workspace=account.workspace,
        kind=ALERT_KIND,
        severity=Severity.URGENT,
        message=_message(account, fact, failure_message),
        subject_key=fact.key,
        account=account,
        assigned_to=person,
        origin=origin,
    )
    values = {
        "title": f"URGENT: Payment failed for {account.name}",
        "kind": TaskKind.PAYMENT_RECOVERY,
        "priority": Priority.URGENT,
        "due_at": end_of_today(account.workspace),
        "assigned_to": person,
        "owner": person,
        "account": account,
        "notes": _message(account, fact, failure_message),
    }
    task = task_create(
        workspace=account.workspace, values=values, origin=origin, source_key=_task_key(fact)
    )
    if task.status == TaskStatus.DONE:
        again = {"status": TaskStatus.OPEN, "due_at": values["due_at"], "notes": values["notes"]}
        task_update(task, values=again, origin=origin)


def recovery_finish(workspace: Workspace, fact: InvoiceFact, *, reason: str) -> None:
    """The invoice is settled: resolve its alert and close its task, if there are any."""
    origin = by_rule("invoice_settled", reason)
    alerts_resolve(workspace=workspace, kind=ALERT_KIND, subject_key=fact.key, origin=origin)
    task = Task.objects.filter(
        workspace=workspace, source_key=_task_key(fact), status=TaskStatus.OPEN
    ).first()
    if task is not None:
        task_complete(task, origin=origin)


def end_of_today(workspace: Workspace) -> datetime.datetime:
    """The last minute of today where the workspace is."""
    here = timezone.now().astimezone(ZoneInfo(workspace.time_zone))
    return here.replace(hour=23, minute=59, second=0, microsecond=0)


def _message(account: Account, fact: InvoiceFact, failure_message: str) -> str:
    amount = f"{fact.amount_due:,.2f} {fact.currency}"
    attempt = f", attempt {fact.attempt_count}" if fact.attempt_count > 1 else ""
    why = f": {failure_message}" if failure_message else "."
    return f"{amount} could not be collected from {account.name} ({fact.label}{attempt}){why}"


def _task_key(fact: InvoiceFact) -> str:
    return f"{ALERT_KIND}:{fact.key}"
