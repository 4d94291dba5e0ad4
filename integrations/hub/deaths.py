"""Tells people that work was given up: one alert for each connection and cause, until settled."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from crm.choices import AlertStatus, Severity
from crm.models import Alert
from integrations.hub.models import (
    Connection,
    ConnectionState,
    InboxEvent,
    InboxState,
    JobState,
    SyncJob,
)
from integrations.hub.notices import connection_alert, connection_alert_over

JOB_ALERT = "connection_work_dead"
EVENT_ALERT = "connection_event_dead"
CRASH = "crashes_worker"
CRASH_WORDS = "three workers ended without a result while they held it"
# In an outage hundreds of jobs may die of one cause: one alert an hour says it.
QUIET = timedelta(hours=1)


def job_died(connection: Connection, *, reason: str, words: str) -> None:
    """`reason` is the job's; `words` are what the last try met, without secrets."""
    again = (
        f"If {connection.provider_name} was down, it is sent once more by itself when that is over"
        if reason == "transient"
        else "It is not sent again by itself"
    )
    _tell(
        connection,
        JOB_ALERT,
        reason,
        f"{connection.name}: work for {connection.provider_name} failed and its retries are used "
        f"up ({_cut(words)}). It is kept under Work failed. {again}; else an operator mends the "
        "cause and retries it in the console.",
    )


def event_died(connection: Connection, *, reason: str, words: str) -> None:
    _tell(
        connection,
        EVENT_ALERT,
        reason,
        f"{connection.name}: an event from {connection.provider_name} could not be taken over "
        f"({_cut(words)}). It is kept as it came; nothing of it is in the CRM. An operator mends "
        "the cause and replays it in the console.",
    )


def settle() -> None:
    """Resolve the alerts whose dead work is all replayed, given up or done by now."""
    alerts = list(_open())
    connections = Connection.objects.select_related("workspace").in_bulk(
        {alert.connection_id for alert in alerts if alert.connection_id}
    )
    for alert in alerts:
        connection = connections.get(alert.connection_id or 0)
        cause = alert.subject_key.rpartition(":")[2]
        # What a disconnected vendor was to get is nobody's task any more.
        is_gone = connection is not None and connection.state == ConnectionState.DISABLED
        if connection and (is_gone or not _is_left(connection, alert.kind, cause)):
            connection_alert_over(connection, alert.kind, cause)


def _tell(connection: Connection, kind: str, cause: str, message: str) -> None:
    said = _open().filter(
        workspace_id=connection.workspace_id,
        connection_id=connection.pk,
        kind=kind,
        subject_key__endswith=f":{cause}",
        last_raised_at__gt=Now() - QUIET,
    )
    if not said.exists():
        connection_alert(connection, kind, message, Severity.URGENT, cause=cause)


def _open() -> QuerySet[Alert]:
    told = Alert.objects.filter(kind__in=(JOB_ALERT, EVENT_ALERT))
    return told.exclude(status=AlertStatus.RESOLVED)


def _is_left(connection: Connection, kind: str, cause: str) -> bool:
    if kind == JOB_ALERT:
        dead_jobs = SyncJob.objects.filter(connection=connection, state=JobState.DEAD, reason=cause)
        return dead_jobs.exists()
    dead_events = InboxEvent.objects.filter(
        connection=connection, state=InboxState.DEAD, reason=cause
    )
    return dead_events.exists()


def _cut(words: str) -> str:
    return words if len(words) <= 120 else f"{words[:119]}…"
