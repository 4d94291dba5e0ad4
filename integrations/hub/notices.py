"""Tells people what happened to a connection, through the CRM's alerts."""

from __future__ import annotations

from typing import Final

from django.db.models import Q

from crm.choices import AlertStatus, Severity
from crm.models import Alert, User
from crm.services.alerts import alert_raise, alert_resolve, alerts_resolve
from integrations.hub.facts import connection_origin
from integrations.hub.models import Connection

JOB_LOST: Final = "connection_work_dead"
EVENT_LOST: Final = "connection_event_dead"
LOST: Final = (JOB_LOST, EVENT_LOST)


def connection_alert(
    connection: Connection,
    kind: str,
    message: str,
    severity: Severity = Severity.WARNING,
    *,
    cause: str = "",
) -> None:
    """One open alert for each kind and cause of trouble of a connection; a repeat counts on it."""
    alert_raise(
        workspace=connection.workspace,
        kind=kind,
        severity=severity,
        message=message,
        subject_key=_subject(connection, cause),
        origin=connection_origin(connection, kind),
        assigned_to=_assignee(connection),
        connection_id=connection.pk,
    )


def connection_alert_over(connection: Connection, kind: str, cause: str = "") -> None:
    alerts_resolve(
        workspace=connection.workspace,
        kind=kind,
        subject_key=_subject(connection, cause),
        origin=connection_origin(connection, f"{kind} is over"),
    )


def connection_alerts_over(connection: Connection) -> None:
    """All of its open alerts, but those of work that is lost: that stays true without it."""
    subject = _subject(connection, "")
    about = Q(subject_key=subject) | Q(subject_key__startswith=f"{subject}:")
    alerts = Alert.objects.filter(about, workspace=connection.workspace_id)
    origin = connection_origin(connection, "the connection has ended")
    for alert in alerts.exclude(status=AlertStatus.RESOLVED).exclude(kind__in=LOST):
        alert_resolve(alert, origin=origin)


def _subject(connection: Connection, cause: str) -> str:
    return f"connection:{connection.pk}:{cause}" if cause else f"connection:{connection.pk}"


def _assignee(connection: Connection) -> User | None:
    """Its own person when they are still a member; all admins see alerts of nobody's."""
    person = connection.user or connection.created_by
    if person is None or not connection.workspace.memberships.filter(user=person).exists():
        return None
    return person
