"""What the operator's overview shows of every workspace's connections: dead rows, runs, traffic."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db.models import Count, DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from integrations.hub.models import (
    BreakerState,
    Connection,
    ConnectionState,
    HubHeartbeat,
    SyncRun,
)

HOURS = 24
RUNS = 60
DEAD_SHOWN = 8

NEEDS_ATTENTION = Q(state=ConnectionState.AUTH_FAILED) | Q(
    ~Q(attention="") | Q(breaker_state=BreakerState.OPEN),
    state__in=(ConnectionState.ACTIVE, ConnectionState.PAUSED),
)

# From the connections on, so that the index on connection and state serves all of it.
DEAD_COUNTS = """
SELECT
    (SELECT count(*) FROM hub_connection c JOIN hub_syncjob j
     ON j.connection_id = c.id AND j.state = 'dead'),
    (SELECT count(*) FROM hub_connection c JOIN hub_inboxevent e
     ON e.connection_id = c.id AND e.state = 'dead')
"""
OLDEST_DEAD = """
SELECT 'job', d.id, c.name, w.name, COALESCE(NULLIF(d.command, ''), d.kind), d.reason,
       d.last_error, d.finished_at
FROM hub_connection c JOIN crm_workspace w ON w.id = c.workspace_id CROSS JOIN LATERAL (
    SELECT j.id, i.kind AS command, j.kind, j.reason, j.last_error, j.finished_at
    FROM hub_syncjob j LEFT JOIN hub_writeintent i ON i.id = j.intent_id
    WHERE j.connection_id = c.id AND j.state = 'dead' ORDER BY j.id LIMIT %(shown)s) d
UNION ALL
SELECT 'event', d.id, c.name, w.name, d.kind, d.reason, d.last_error, d.finished_at
FROM hub_connection c JOIN crm_workspace w ON w.id = c.workspace_id CROSS JOIN LATERAL (
    SELECT e.id, e.kind, e.reason, e.last_error, e.finished_at FROM hub_inboxevent e
    WHERE e.connection_id = c.id AND e.state = 'dead' ORDER BY e.id LIMIT %(shown)s) d
ORDER BY 8 NULLS FIRST, 1, 2 LIMIT %(shown)s
"""
# Ids rise with time but times have no index: halve the range of ids until it begins with the
# first row of the period, one look at the primary key a step.
FIRST_SINCE = """
{name}(low, high) AS (
    SELECT COALESCE(min(id), 0), COALESCE(max(id), 0) + 1 FROM {table}
    UNION ALL
    SELECT CASE WHEN is_before THEN id + 1 ELSE low END, CASE WHEN is_before THEN high ELSE mid END
    FROM (
        SELECT s.low, s.high, s.mid, r.id, COALESCE(r.id < s.high AND r.at < p.since, false)
        FROM (SELECT low, high, (low + high) / 2 FROM {name} WHERE low < high) s(low, high, mid)
        CROSS JOIN period p
        LEFT JOIN LATERAL (SELECT t.id, t.{at} FROM {table} t WHERE t.id >= s.mid ORDER BY t.id
                           LIMIT 1) r(id, at) ON true
    ) step(low, high, mid, id, is_before)
)
"""
TRAFFIC = f"""
WITH RECURSIVE period(since) AS (
    SELECT date_trunc('hour', statement_timestamp()) - (%(hours)s - 1) * interval '1 hour'
),
{FIRST_SINCE.format(name="events", table="hub_inboxevent", at="received_at")},
{FIRST_SINCE.format(name="tries", table="hub_attempt", at="started_at")}
SELECT h.hour, COALESCE(e.count, 0), COALESCE(a.count, 0), COALESCE(a.failed, 0)
FROM period p CROSS JOIN generate_series(
    p.since, date_trunc('hour', statement_timestamp()), interval '1 hour'
) h(hour)
LEFT JOIN (SELECT date_trunc('hour', received_at) AS hour, count(*) FROM hub_inboxevent
    WHERE id >= (SELECT max(low) FROM events) GROUP BY 1) e ON e.hour = h.hour
LEFT JOIN (SELECT date_trunc('hour', started_at) AS hour, count(*),
    count(*) FILTER (WHERE outcome <> 'done') AS failed FROM hub_attempt
    WHERE id >= (SELECT max(low) FROM tries) GROUP BY 1) a ON a.hour = h.hour
ORDER BY h.hour
"""  # noqa: S608


@dataclass(frozen=True)
class DeadCounts:
    """Rows no machine will touch again before a person says so."""

    jobs: int
    events: int


@dataclass(frozen=True)
class DeadRow:
    """One dead job or event with its place and why it died."""

    kind: str
    pk: int
    connection: str
    workspace: str
    what: str
    reason: str
    error: str
    died_at: datetime.datetime | None


@dataclass(frozen=True)
class HourOfTraffic:
    """Events received and tries of jobs begun in the hour that starts at `hour`."""

    hour: datetime.datetime
    events: int
    tries: int
    failed: int


@dataclass(frozen=True)
class Beat:
    """When a part of the engine last did something, and in which process."""

    name: str
    process: str
    seconds_ago: float


@dataclass(frozen=True)
class ConnectionCounts:
    """Connections of all workspaces that are not disconnected."""

    open: int
    needing_attention: int


def connection_counts() -> ConnectionCounts:
    kept = Connection.objects.exclude(state=ConnectionState.DISABLED)
    counted = kept.aggregate(open=Count("id"), attention=Count("id", filter=NEEDS_ATTENTION))
    return ConnectionCounts(open=counted["open"], needing_attention=counted["attention"])


def dead_counts() -> DeadCounts:
    ((jobs, events),) = _rows(DEAD_COUNTS)
    return DeadCounts(jobs=jobs, events=events)


def oldest_dead() -> list[DeadRow]:
    """The first to have died, jobs and events together."""
    return [DeadRow(*row) for row in _rows(OLDEST_DEAD, shown=DEAD_SHOWN)]


def traffic() -> list[HourOfTraffic]:
    """The last day by full hours, the present one last; hours without anything are zeros."""
    return [HourOfTraffic(*row) for row in _rows(TRAFFIC, hours=HOURS)]


def runs_of_all() -> list[SyncRun]:
    """The newest lines of the sync log, oldest of them first."""
    rows = SyncRun.objects.select_related("connection").order_by("-id")[:RUNS]
    return list(rows)[::-1]


def heartbeats() -> list[Beat]:
    """Each part's last sign of life, its age by the database's clock."""
    age = ExpressionWrapper(Now() - F("at"), output_field=DurationField())
    rows = HubHeartbeat.objects.annotate(age=age).order_by("name")
    told = rows.values_list("name", "process", "age")
    return [Beat(name, process, past.total_seconds()) for name, process, past in told]


def _rows(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
