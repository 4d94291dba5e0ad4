"""Tells people that work was given up: one alert for each connection and cause, until settled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from crm.choices import AlertStatus, Severity
from crm.models import Alert
from integrations.hub.errors import Forbidden, HubError, NotFound, Rejected
from integrations.hub.models import (
    Connection,
    ConnectionState,
    InboxEvent,
    InboxState,
    JobState,
    SyncJob,
)
from integrations.hub.notices import (
    EVENT_LOST,
    JOB_LOST,
    connection_alert,
    connection_alert_over,
)

CRASH = "crashes_worker"
CRASH_WORDS = "three workers ended without a result while they held it"
# In an outage hundreds of jobs may die of one cause: one alert an hour says it.
QUIET = timedelta(hours=1)
# Of each connection this many deaths are looked at, the latest first; so many alerts a round.
LOOKED_AT = 1_000
RAISED = 100

# Dead work that no alert tells of: none is open, and none was closed after the death. A worker may
# end between storing a death and telling of it.
UNTOLD = """
SELECT d.connection_id, d.id FROM (
    SELECT DISTINCT ON (c.id, w.reason)
        c.id AS connection_id, c.workspace_id, w.id, w.reason, w.finished_at
    FROM hub_connection c CROSS JOIN LATERAL (
        SELECT id, reason, finished_at FROM {table}
        WHERE connection_id = c.id AND state = 'dead' ORDER BY id DESC LIMIT %(looked_at)s
    ) w
    WHERE c.state <> 'disabled' AND w.reason <> ALL(%(unsaid)s)
    ORDER BY c.id, w.reason, w.finished_at DESC NULLS LAST
) d
WHERE NOT EXISTS (
    SELECT 1 FROM crm_alert a
    WHERE a.workspace_id = d.workspace_id AND a.kind = %(kind)s
      AND a.subject_key = 'connection:' || d.connection_id || ':' || d.reason
      AND (a.status <> 'resolved' OR a.resolved_at >= d.finished_at)
)
ORDER BY d.connection_id LIMIT %(raised)s
"""


def job_died(connection: Connection, *, reason: str, words: str) -> None:
    """`reason` is the job's; `words` are what the last try met, without secrets."""
    again = (
        f"If {connection.provider_name} was down, it is sent once more by itself when that is over"
        if reason == "transient"
        else "It is not sent again by itself"
    )
    _tell(
        connection,
        JOB_LOST,
        reason,
        f"{connection.name}: work for {connection.provider_name} failed and its retries are used "
        f"up ({_cut(words)}). It is kept under Work failed. {again}; else an operator mends the "
        "cause and retries it in the console.",
    )


def event_died(connection: Connection, *, reason: str, words: str) -> None:
    _tell(
        connection,
        EVENT_LOST,
        reason,
        f"{connection.name}: an event from {connection.provider_name} could not be taken over "
        f"({_cut(words)}). It is kept as it came; nothing of it is in the CRM. An operator mends "
        "the cause and replays it in the console.",
    )


def settle() -> None:
    """Make the alerts fit the dead work there is: resolve those of none, raise those never told."""
    alerts = list(_open())
    connections = Connection.objects.select_related("workspace").in_bulk(
        {alert.connection_id for alert in alerts if alert.connection_id}
    )
    for alert in alerts:
        connection = connections.get(alert.connection_id or 0)
        if connection:
            _resolve_if_over(connection, alert)
    for job_id in _untold("hub_syncjob", JOB_LOST, _refusals()):
        job = SyncJob.objects.select_related("connection__workspace").get(pk=job_id)
        job_died(job.connection, reason=job.reason, words=job.last_error)
    for event_id in _untold("hub_inboxevent", EVENT_LOST, set()):
        event = InboxEvent.objects.select_related("connection__workspace").get(pk=event_id)
        event_died(event.connection, reason=event.reason, words=event.last_error)


@transaction.atomic
def _resolve_if_over(connection: Connection, alert: Alert) -> None:
    """All its dead work is replayed, given up or done by now.

    The alert is locked while we look: a death told meanwhile finds it resolved and opens another.
    """
    if not _open().select_for_update(no_key=True).filter(pk=alert.pk).exists():
        return
    cause = alert.subject_key.rpartition(":")[2]
    # What a disconnected vendor was to get is nobody's task any more.
    is_gone = connection.state == ConnectionState.DISABLED
    if is_gone or not _is_left(connection, alert.kind, cause):
        connection_alert_over(connection, alert.kind, cause)


def _refusals() -> set[str]:
    """What a vendor refused is told where it was asked for (see consequences.tell_death)."""
    return _codes(Forbidden) | _codes(Rejected) | _codes(NotFound)


def _codes(kind: type[HubError]) -> set[str]:
    return {kind.code}.union(*(_codes(narrower) for narrower in kind.__subclasses__()))


def _untold(table: str, kind: str, unsaid: set[str]) -> list[int]:
    """One dead row, the latest, for each connection and reason that no alert tells of."""
    values: dict[str, Any] = {
        "kind": kind,
        "unsaid": sorted(unsaid),
        "looked_at": LOOKED_AT,
        "raised": RAISED,
    }
    with database.cursor() as cursor:
        cursor.execute(UNTOLD.format(table=table), values)
        return [row_id for _, row_id in cursor.fetchall()]


@transaction.atomic
def _tell(connection: Connection, kind: str, cause: str, message: str) -> None:
    """Call it once the death is stored, or in the transaction that stores it."""
    said = _open().filter(
        workspace_id=connection.workspace_id,
        connection_id=connection.pk,
        kind=kind,
        subject_key__endswith=f":{cause}",
        last_raised_at__gt=Now() - QUIET,
    )
    if said.select_for_update(no_key=True).first() is None:
        connection_alert(connection, kind, message, Severity.URGENT, cause=cause)


def _open() -> QuerySet[Alert]:
    told = Alert.objects.filter(kind__in=(JOB_LOST, EVENT_LOST))
    return told.exclude(status=AlertStatus.RESOLVED)


def _is_left(connection: Connection, kind: str, cause: str) -> bool:
    if kind == JOB_LOST:
        dead_jobs = SyncJob.objects.filter(connection=connection, state=JobState.DEAD, reason=cause)
        return dead_jobs.exists()
    dead_events = InboxEvent.objects.filter(
        connection=connection, state=InboxState.DEAD, reason=cause
    )
    return dead_events.exists()


def _cut(words: str) -> str:
    return words if len(words) <= 120 else f"{words[:119]}…"
