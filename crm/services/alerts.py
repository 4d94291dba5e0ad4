"""Raises alerts: the same open alert is one row that counts, however many raise it at once."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from crm.choices import AlertStatus, ChangeAction, Severity
from crm.models import Account, Alert, User, Workspace
from crm.services import ledger
from crm.services.cleaning import text_clean
from crm.services.errors import InvalidRecord, WrongWorkspace
from crm.services.origin import Origin
from crm.services.records import record_update

# A later raise may make the alert graver, never milder; `assigned_to` is kept once set.
_RAISE = """
INSERT INTO crm_alert (workspace_id, kind, severity, message, subject_key, account_id,
                       assigned_to_id, connection_id, status, occurrences, first_raised_at,
                       last_raised_at, created_at, updated_at, version)
VALUES (%(workspace)s, %(kind)s, %(severity)s, %(message)s, %(subject_key)s, %(account)s,
        %(assigned_to)s, %(connection)s, 'open', 1, now(), now(), now(), now(), 1)
ON CONFLICT (workspace_id, kind, subject_key) WHERE NOT (status = 'resolved')
DO UPDATE SET occurrences = crm_alert.occurrences + 1, last_raised_at = now(), updated_at = now(),
              version = crm_alert.version + 1, message = excluded.message,
              severity = CASE WHEN array_position(%(grades)s, crm_alert.severity::text)
                                 > array_position(%(grades)s, excluded.severity::text)
                              THEN crm_alert.severity ELSE excluded.severity END,
              assigned_to_id = COALESCE(crm_alert.assigned_to_id, excluded.assigned_to_id)
RETURNING id
"""
MESSAGE_LENGTH = 500


@transaction.atomic
def alert_raise(
    *,
    workspace: Workspace,
    kind: str,
    severity: str,
    message: str,
    subject_key: str,
    origin: Origin,
    account: Account | None = None,
    assigned_to: User | None = None,
    connection_id: int | None = None,
) -> Alert:
    """Raise an alert, or count one more on the one still open for this kind and subject.

    `subject_key` says what it is about, such as `account:12`. Longer messages are cut.
    """
    _check(workspace, severity, account, assigned_to)
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "kind": kind,
        "severity": str(severity),
        "message": text_clean(message)[:MESSAGE_LENGTH],
        "subject_key": subject_key,
        "account": account.pk if account else None,
        "assigned_to": assigned_to.pk if assigned_to else None,
        "connection": connection_id,
        "grades": [str(grade) for grade in (Severity.INFO, Severity.WARNING, Severity.URGENT)],
    }
    with connection.cursor() as cursor:
        cursor.execute(_RAISE, values)
        (alert_id,) = cursor.fetchone()
    alert = Alert.objects.select_related("workspace").get(pk=alert_id)
    _remember(alert, origin)
    return alert


def alert_acknowledge(alert: Alert, *, origin: Origin) -> Alert:
    """Somebody has seen it; it stays open and goes on counting."""
    if alert.status == AlertStatus.RESOLVED:
        return alert
    return record_update(alert, values={"status": AlertStatus.ACKNOWLEDGED}, origin=origin)


def alert_resolve(alert: Alert, *, origin: Origin) -> Alert:
    """Close the alert; the next raise opens a new one. A resolved one stays as it is."""
    if alert.status == AlertStatus.RESOLVED:
        return alert
    values = {"status": AlertStatus.RESOLVED, "resolved_at": timezone.now()}
    return record_update(alert, values=values, origin=origin)


def alerts_resolve(*, workspace: Workspace, kind: str, subject_key: str, origin: Origin) -> int:
    """Resolve what is open for this kind and subject; how many there were."""
    still_open = Alert.objects.filter(
        workspace=workspace, kind=kind, subject_key=subject_key
    ).exclude(status=AlertStatus.RESOLVED)
    return len([alert_resolve(alert, origin=origin) for alert in still_open])


def _check(
    workspace: Workspace, severity: str, account: Account | None, assigned_to: User | None
) -> None:
    if severity not in Severity.values:
        raise InvalidRecord({"severity": [f"“{severity}” is not a severity."]})
    if account and account.workspace_id != workspace.pk:
        raise WrongWorkspace(f"{account} belongs to another workspace.")
    if assigned_to and not workspace.memberships.filter(user=assigned_to).exists():
        raise InvalidRecord({"assigned_to": [f"{assigned_to} is not a member."]})


def _remember(alert: Alert, origin: Origin) -> None:
    if alert.occurrences == 1:
        names = ("kind", "severity", "message", "subject_key", "account", "assigned_to")
        diff = ledger.created_diff(alert, names)
        ledger.append(alert, action=ChangeAction.CREATED, diff=diff, origin=origin)
        return
    diff = {"occurrences": [alert.occurrences - 1, alert.occurrences]}
    ledger.append(alert, action=ChangeAction.UPDATED, diff=diff, origin=origin)
