"""Reads about connections and about whether the engine keeps up."""

from __future__ import annotations

import json

from django.conf import settings
from django.db import connection as database
from django.db.models import QuerySet

from crm.models import Workspace
from integrations.hub import disk
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.sync.leasing import NEXT_STREAM_AT, STREAMS_DUE, parameters
from integrations.hub.types import FailingRound, HubHealth

STUCK_SECONDS = 180

# What a pump could take, once its time has come: not behind a gate, a pause, a busy lane, an
# earlier command of the same subject or another's probe. Else the hub would wake itself in vain.
_JOBS_DUE = """
FROM hub_syncjob j JOIN hub_connection c ON c.id = j.connection_id
WHERE j.state = 'ready' AND c.state = 'active' AND c.provider = ANY(%(providers)s)
  AND (c.gate_until IS NULL OR c.gate_until <= statement_timestamp())
  AND NOT EXISTS (SELECT 1 FROM hub_syncjob l WHERE l.lane = j.lane AND l.state = 'leased')
  AND (j.kind <> 'command' OR NOT EXISTS (
      SELECT 1 FROM hub_syncjob b WHERE b.lane = j.lane AND b.state = 'ready'
      AND b.kind = 'command' AND b.id < j.id))
  AND (c.breaker_state = 'closed' OR NOT EXISTS (
      SELECT 1 FROM hub_namedlease n WHERE n.name = 'breaker:' || c.id
      AND n.token IS NOT NULL AND n.until > statement_timestamp()))
"""
_EVENTS_DUE = """
FROM hub_inboxevent e JOIN hub_connection c ON c.id = e.connection_id
WHERE e.state = 'received' AND c.state IN ('active', 'auth_failed')
  AND c.provider = ANY(%(providers)s)
  AND NOT EXISTS (SELECT 1 FROM hub_inboxevent l WHERE l.lane = e.lane AND l.state = 'leased')
"""
# Kept events of connections that a worker serves, as the claim has it: those of a paused connection
# wait for a person, and must not shut the door for all others. By index, one connection at a time.
EVENTS_SERVED = """
FROM hub_connection c CROSS JOIN LATERAL (
    SELECT 1 FROM hub_inboxevent e WHERE e.connection_id = c.id AND e.state = 'received'
    LIMIT %(most)s + 1
) waiting
WHERE c.state IN ('active', 'auth_failed') AND c.provider = ANY(%(providers)s)
"""
IS_DUE = f"""
SELECT EXISTS (SELECT 1 {_EVENTS_DUE} AND e.run_at <= statement_timestamp())
    OR EXISTS (SELECT 1 {_JOBS_DUE} AND j.run_at <= statement_timestamp())
    OR (%(may_pull)s AND EXISTS ({STREAMS_DUE}))
"""
SECONDS_UNTIL_DUE = f"""
SELECT CASE WHEN ({IS_DUE.strip().removeprefix("SELECT ")}) THEN 0
ELSE EXTRACT(EPOCH FROM LEAST(
    (SELECT min(e.run_at) {_EVENTS_DUE}), (SELECT min(j.run_at) {_JOBS_DUE}),
    CASE WHEN %(may_pull)s THEN ({NEXT_STREAM_AT}) END
) - statement_timestamp()) END
"""  # noqa: S608
HEALTH = f"""
SELECT
    (SELECT count(*) {_JOBS_DUE} AND j.run_at <= statement_timestamp()),
    (SELECT count(*) {_EVENTS_DUE} AND e.run_at <= statement_timestamp()),
    (SELECT EXTRACT(EPOCH FROM statement_timestamp() - LEAST(
        (SELECT min(j.run_at) {_JOBS_DUE}), (SELECT min(e.run_at) {_EVENTS_DUE})))),
    (SELECT EXTRACT(EPOCH FROM statement_timestamp() - max(at)) FROM hub_hubheartbeat),
    (SELECT EXTRACT(EPOCH FROM statement_timestamp() - max(at)) FROM hub_hubheartbeat
     WHERE name = 'tick'),
    (SELECT count(*) FROM hub_syncjob WHERE state = 'dead'),
    (SELECT count(*) FROM hub_inboxevent WHERE state = 'dead'),
    (SELECT COALESCE(json_agg(f ORDER BY f.name), '[]')::text FROM (
        SELECT name, message, times,
               EXTRACT(EPOCH FROM statement_timestamp() - at) AS age_seconds
        FROM hub_failedround) f),
    EXISTS (SELECT 1 {EVENTS_SERVED} OFFSET %(most)s)
"""  # noqa: S608


def connections_open(workspace: Workspace, provider_id: str) -> QuerySet[Connection]:
    """Those that take work now or later: also paused ones and those that need new credentials."""
    kept = Connection.objects.filter(workspace=workspace, provider=provider_id)
    return kept.exclude(state=ConnectionState.DISABLED).order_by("pk")


def is_work_due() -> bool:
    """Whether a pump that starts now would find something to do."""
    return bool(_row(IS_DUE)[0])


def seconds_until_due() -> float | None:
    """Seconds until something can run; not above zero when it can now, None when nothing waits."""
    seconds = _row(SECONDS_UNTIL_DUE)[0]
    return None if seconds is None else float(seconds)


def hub_health() -> HubHealth:
    """Whether the engine lives; stuck when no part of it has moved for minutes.

    Where nothing has ever run, it is stuck once work has waited as long.
    """
    jobs, events, oldest, beat, tick, dead_jobs, dead_events, rounds, is_full = _row(HEALTH)
    oldest_seconds = max(0.0, float(oldest)) if oldest is not None else 0.0
    beat_age = None if beat is None else float(beat)
    is_waiting = bool(jobs + events) and oldest_seconds > STUCK_SECONDS
    # Who worked before and is silent now reads nothing of what vendors hold, due or not.
    is_stuck = is_waiting if beat_age is None else beat_age > STUCK_SECONDS
    return HubHealth(
        is_stuck=is_stuck,
        due_jobs=jobs,
        due_events=events,
        oldest_due_seconds=oldest_seconds,
        heartbeat_age_seconds=beat_age,
        tick_age_seconds=None if tick is None else float(tick),
        dead_jobs=dead_jobs,
        dead_events=dead_events,
        is_inbox_full=is_full,
        failing_rounds=tuple(FailingRound(**one) for one in json.loads(rounds)),
    )


def _row(statement: str) -> tuple:  # type: ignore[type-arg]
    # Pulls pause while the disk is nearly full; then no stream is due.
    values = parameters(most=settings.INBOX_MAX_WAITING, may_pull=not disk.is_short())
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple = cursor.fetchone()  # type: ignore[type-arg]
    return row
