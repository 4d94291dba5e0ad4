"""One line a connection for the operator's overview: does it keep up, how well, what it costs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from django.db import connection as database

from integrations.hub import throttle
from integrations.hub.models import Connection, ConnectionState, RateBucket
from integrations.hub.overview import FIRST_SINCE, HOURS
from integrations.hub.words import age_words, time_words

SHOWN: Final = 50
NOT_MEASURED: Final = "—"

# Of a stream `s`: how old the time is up to which all is read, and how much of it is in step.
BEHIND_SECONDS: Final = (
    "EXTRACT(EPOCH FROM statement_timestamp() - (s.cursor ->> 'at')::timestamptz)"
)
COVERED_PERCENT: Final = "(s.coverage ->> 'percent')::float"

# From the connections on, each by an index of its own; tries of the last day by their ids.
_VITALS: Final = f"""
WITH RECURSIVE period(since) AS (
    SELECT statement_timestamp() - %(hours)s * interval '1 hour'
),
{FIRST_SINCE.format(name="tries", table="hub_attempt", at="started_at")},
outcomes AS (
    SELECT j.connection_id, count(*) AS tries, count(*) FILTER (WHERE a.outcome = 'done') AS done
    FROM hub_attempt a JOIN hub_syncjob j ON j.id = a.job_id
    WHERE a.id >= (SELECT max(low) FROM tries) AND a.is_counted
    AND (%(only)s::bigint IS NULL OR j.connection_id = %(only)s) GROUP BY 1
)
SELECT c.id, c.name, w.name, c.provider, c.state, c.attention, c.breaker_state,
    (SELECT count(*) FROM hub_syncjob j WHERE j.connection_id = c.id AND j.state = 'ready')
    + (SELECT count(*) FROM hub_inboxevent e WHERE e.connection_id = c.id
       AND e.state = 'received'),
    (SELECT count(*) FROM hub_syncjob j WHERE j.connection_id = c.id AND j.state = 'dead')
    + (SELECT count(*) FROM hub_inboxevent e WHERE e.connection_id = c.id AND e.state = 'dead'),
    (SELECT count(*) FROM hub_quarantineditem q WHERE q.connection_id = c.id)
    + links.set_aside, links.troubled,
    (SELECT count(*) FROM hub_syncconflict x WHERE x.connection_id = c.id AND x.state = 'open'),
    COALESCE(o.tries, 0), COALESCE(o.done, 0),
    (SELECT avg(r.duration_ms) FROM (SELECT duration_ms FROM hub_syncrun
        WHERE connection_id = c.id AND kind IN ('pull', 'full') AND status <> 'running'
        ORDER BY id DESC LIMIT 100) r),
    (SELECT max({BEHIND_SECONDS})
     FROM hub_syncstate s WHERE s.connection_id = c.id AND s.is_enabled AND s.stage = 'live'
     AND s.direction <> 'push'),
    (SELECT min({COVERED_PERCENT}) FROM hub_syncstate s
     WHERE s.connection_id = c.id AND s.is_enabled AND s.stage = 'live')
FROM hub_connection c JOIN crm_workspace w ON w.id = c.workspace_id
LEFT JOIN outcomes o ON o.connection_id = c.id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.state = 'quarantined') AS set_aside,
        count(*) FILTER (WHERE r.state = 'active') AS troubled
    FROM hub_syncrecord r
    WHERE r.connection_id = c.id AND (r.state <> 'active' OR r.problems <> '{{}}')
    AND r.state <> 'tombstone'
) links
WHERE c.state <> %(disabled)s AND (%(only)s::bigint IS NULL OR c.id = %(only)s)
ORDER BY c.state = 'active', c.name, c.id LIMIT %(shown)s
"""  # noqa: S608


@dataclass(frozen=True)
class Vitals:
    """How one connection does. Rates are of the last day; None where nothing was measured.

    `troubled` are pairs with a field that is left out. `lag_seconds` is the age of the oldest
    stream's cursor, `budget_percent` how much of the vendor's tightest limit is in use at this
    moment.
    """

    pk: int
    name: str
    workspace: str
    provider: str
    state: str
    attention: str
    breaker: str
    waiting: int
    dead: int
    set_aside: int
    troubled: int
    conflicts: int
    tries: int
    done: int
    mean_sync_ms: float | None
    lag_seconds: float | None
    coverage_percent: float | None
    budget_percent: int = 0

    @property
    def success_percent(self) -> float | None:
        return round(100 * self.done / self.tries, 1) if self.tries else None

    @property
    def success_words(self) -> str:
        return NOT_MEASURED if self.success_percent is None else f"{self.success_percent} %"

    @property
    def lag_words(self) -> str:
        return NOT_MEASURED if self.lag_seconds is None else age_words(self.lag_seconds)

    @property
    def mean_words(self) -> str:
        if self.mean_sync_ms is None:
            return NOT_MEASURED
        return time_words(self.mean_sync_ms / 1000)

    @property
    def coverage_words(self) -> str:
        return NOT_MEASURED if self.coverage_percent is None else f"{self.coverage_percent} %"

    @property
    def is_well(self) -> bool:
        is_open = self.state == ConnectionState.ACTIVE and self.breaker == "closed"
        return is_open and not (self.attention or self.dead or self.set_aside or self.troubled)


def vitals_of(connection: Connection) -> Vitals | None:
    """Of one; None for a disconnected one."""
    return next(iter(vitals(only=connection.pk)), None)


def vitals(*, only: int | None = None) -> list[Vitals]:
    """Those in trouble first; three queries, however many connections there are."""
    with database.cursor() as cursor:
        values: dict[str, Any] = {
            "only": only,
            "hours": HOURS,
            "disabled": ConnectionState.DISABLED,
            "shown": SHOWN,
        }
        cursor.execute(_VITALS, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    budgets = budgets_used([row[0] for row in rows])
    return [_vitals(row, budgets.get(row[0], 0)) for row in rows]


def _vitals(row: tuple[Any, ...], budget: int) -> Vitals:
    """The columns stand in the order of the fields."""
    named: dict[str, Any] = {
        one.name: float(value) if isinstance(value, Decimal) else value
        for one, value in zip(fields(Vitals), row, strict=False)
    }
    return Vitals(**named, budget_percent=budget)


def budgets_used(ids: list[int]) -> dict[int, int]:
    """How full the fullest window of each connection is, in per cent of what it lets through.

    Two queries; one that made no call yet is left out.
    """
    connections = Connection.objects.filter(pk__in=ids).defer("credentials")
    windows = {
        key: (one.pk, limit)
        for one in connections
        for key, limit in throttle.windows_of(one).items()
    }
    used: dict[int, int] = {}
    with database.cursor() as cursor:
        cursor.execute(
            f"SELECT key, EXTRACT(EPOCH FROM GREATEST(tat, blocked_until) - clock_timestamp()) "  # noqa: S608
            f"FROM {RateBucket._meta.db_table} WHERE key = ANY(%s)",
            [list(windows)],
        )
        for key, ahead in cursor.fetchall():
            pk, limit = windows[key]
            share = max(0.0, float(ahead)) / (limit.step_seconds * limit.burst_size)
            used[pk] = max(used.get(pk, 0), min(100, round(100 * share)))
    return used
