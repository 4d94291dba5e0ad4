"""What a monitor is told of all connections at once: how much waits, for how long, how it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import connection as database

from integrations.hub.models import ConnectionState
from integrations.hub.overview import FIRST_SINCE
from integrations.hub.vitals import BEHIND_SECONDS, COVERED_PERCENT

PERIOD_SECONDS: Final = 3600
QUANTILES: Final = (0.5, 0.95)

# From the connections on, so that each count is one stretch of an index; of the links only those
# that are not active are looked at one by one.
_CONNECTIONS: Final = """
SELECT c.id, c.provider, w.slug, c.state, c.breaker_state = 'open',
    CASE WHEN c.gate_until > statement_timestamp() THEN c.gate_reason ELSE '' END,
    GREATEST(0, COALESCE(EXTRACT(EPOCH FROM c.gate_until - statement_timestamp()), 0))::float,
    (SELECT count(*) FROM hub_inboxevent e WHERE e.connection_id = c.id AND e.state = 'received'),
    (SELECT count(*) FROM hub_inboxevent e WHERE e.connection_id = c.id AND e.state = 'dead'),
    conflicts.open, conflicts.in_doubt,
    (SELECT count(*) FROM hub_quarantineditem q WHERE q.connection_id = c.id),
    (SELECT count(*) FROM hub_syncrecord r WHERE r.connection_id = c.id),
    troubled.quarantined, troubled.tombstones
FROM hub_connection c JOIN crm_workspace w ON w.id = c.workspace_id
CROSS JOIN LATERAL (
    SELECT count(*), count(*) FILTER (WHERE x.is_in_doubt) FROM hub_syncconflict x
    WHERE x.connection_id = c.id AND x.state = 'open'
) conflicts(open, in_doubt)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.state = 'quarantined'),
           count(*) FILTER (WHERE r.state = 'tombstone')
    FROM hub_syncrecord r
    WHERE r.connection_id = c.id AND (r.state <> 'active' OR r.problems <> '{}')
) troubled(quarantined, tombstones)
WHERE c.state <> %(disabled)s ORDER BY c.id
"""
_JOBS: Final = """
SELECT c.id, j.kind, j.state, j.count, j.oldest
FROM hub_connection c CROSS JOIN LATERAL (
    SELECT w.kind, w.state, count(*),
           EXTRACT(EPOCH FROM statement_timestamp() - min(w.run_at)
                   FILTER (WHERE w.state = 'ready' AND w.run_at <= statement_timestamp()))::float
    FROM hub_syncjob w
    WHERE w.connection_id = c.id AND w.state IN ('ready', 'leased', 'dead') GROUP BY 1, 2
) j(kind, state, count, oldest)
WHERE c.state <> %(disabled)s ORDER BY 1, 2, 3
"""
# One pass over the tries of the period: counted by how they ended, and, in the rows without an
# outcome, how long the connection's finished jobs took from the change to the end.
_TRIES: Final = f"""
WITH RECURSIVE period(since) AS (
    SELECT statement_timestamp() - %(seconds)s * interval '1 second'
),
{FIRST_SINCE.format(name="tries", table="hub_attempt", at="started_at")},
recent AS (
    SELECT j.connection_id, a.outcome, split_part(a.code, ':', 1) AS error,
           CASE WHEN a.outcome = 'done'
                THEN EXTRACT(EPOCH FROM j.finished_at - j.created_at)::float END AS lag
    FROM hub_attempt a JOIN hub_syncjob j ON j.id = a.job_id
    WHERE a.id >= (SELECT max(low) FROM tries)
)
SELECT r.connection_id, r.outcome, r.error, count(*),
       percentile_cont(%(quantiles)s::float[]) WITHIN GROUP (ORDER BY r.lag)
FROM recent r JOIN hub_connection c ON c.id = r.connection_id AND c.state <> %(disabled)s
GROUP BY GROUPING SETS ((r.connection_id, r.outcome, r.error), (r.connection_id))
ORDER BY 1, 2, 3
"""  # noqa: S608
_STREAMS: Final = f"""
SELECT s.connection_id, s.object,
       CASE WHEN s.direction <> 'push' THEN {BEHIND_SECONDS} END::float, {COVERED_PERCENT} / 100
FROM hub_syncstate s JOIN hub_connection c ON c.id = s.connection_id
WHERE c.state <> %(disabled)s AND s.is_enabled AND s.stage = 'live' ORDER BY 1, s."order", s.id
"""  # noqa: S608
# A full listing brings everything again, so its lines tell nothing of echoes.
_INBOUND: Final = f"""
WITH RECURSIVE period(since) AS (
    SELECT statement_timestamp() - %(seconds)s * interval '1 second'
),
{FIRST_SINCE.format(name="runs", table="hub_syncrun", at="started_at")}
SELECT COALESCE(sum(r.total), 0)::bigint,
       COALESCE(sum(GREATEST(0, r.total::bigint - r.created - r.updated - r.deleted - r.failed)),
                0)::bigint
FROM hub_syncrun r
WHERE r.id >= (SELECT max(low) FROM runs) AND r.kind IN ('pull', 'inbox') AND r.object <> ''
"""  # noqa: S608


@dataclass(frozen=True)
class ConnectionMeasures:
    """One connection that is not disconnected; `provider` and `workspace` are their ids."""

    pk: int
    provider: str
    workspace: str
    state: str
    is_breaker_open: bool
    gate_reason: str
    gate_seconds: float
    events_waiting: int
    events_dead: int
    conflicts: int
    conflicts_in_doubt: int
    quarantined: int
    links: int
    links_quarantined: int
    links_tombstones: int

    @property
    def links_active(self) -> int:
        """Counted apart, so that a link made meanwhile may be in one count only."""
        return max(0, self.links - self.links_quarantined - self.links_tombstones)


@dataclass(frozen=True)
class JobMeasures:
    """Unfinished jobs of one kind; `oldest_due_seconds` is None where none is due."""

    connection: int
    kind: str
    state: str
    count: int
    oldest_due_seconds: float | None


@dataclass(frozen=True)
class TryMeasures:
    """Tries of the last hour that ended alike; `error` is the class of what went wrong."""

    connection: int
    outcome: str
    error: str
    count: int


@dataclass(frozen=True)
class LagMeasures:
    """From a change to its end, of jobs done in the last hour; in the order of QUANTILES."""

    connection: int
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class StreamMeasures:
    """A live stream; None where nothing is pulled yet, or nothing was compared."""

    connection: int
    object: str
    behind_seconds: float | None
    covered_ratio: float | None


@dataclass(frozen=True)
class InboundMeasures:
    """Records that pulls and web-hooks brought in the last hour; `echoes` changed nothing here."""

    records: int
    echoes: int


def connection_measures() -> list[ConnectionMeasures]:
    return [ConnectionMeasures(*row) for row in _rows(_CONNECTIONS)]


def job_measures() -> list[JobMeasures]:
    return [JobMeasures(*row) for row in _rows(_JOBS)]


def try_measures() -> tuple[list[TryMeasures], list[LagMeasures]]:
    """How tries ended and how long finished work took, from the same rows."""
    tries, lags = [], []
    for connection, outcome, error, count, quantiles in _rows(_TRIES):
        if outcome is not None:
            tries.append(TryMeasures(connection, outcome, error, count))
        elif quantiles is not None:
            lags.append(LagMeasures(connection, tuple(quantiles)))
    return tries, lags


def stream_measures() -> list[StreamMeasures]:
    return [StreamMeasures(*row) for row in _rows(_STREAMS)]


def inbound_measures() -> InboundMeasures:
    return InboundMeasures(*_rows(_INBOUND)[0])


def _rows(statement: str) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {
        "disabled": ConnectionState.DISABLED,
        "seconds": PERIOD_SECONDS,
        "quantiles": list(QUANTILES),
    }
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
