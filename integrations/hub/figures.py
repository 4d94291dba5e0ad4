"""Counts what each connection did hour by hour, before the runs and tries are forgotten."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import connection as database

from integrations.hub import leases
from integrations.hub.overview import FIRST_SINCE
from integrations.hub.runs import IS_RUN, IS_WORK, RECORDS_SYNCED

LEASE: Final = "hourly-figures"
ROUND_SECONDS: Final = 600
# A run counts in the hour in which it began and is known when it has ended; none takes a day.
AGAIN_HOURS: Final = 24
# A try counts in the hour in which it began, too, and is final once it is stored.
TRIES_AGAIN_HOURS: Final = 2
# No further back at the first time: by default a try is forgotten with its job after a week.
FIRST_HOURS: Final = 24 * 6

_SINCE: Final = """
SELECT date_trunc('hour', GREATEST(statement_timestamp() - %(first)s * interval '1 hour',
    last.hour - %({again})s * interval '1 hour')) FROM last
"""
# Hours that were counted lately are counted again, whole, up to the present one; of tries, which
# are many, only the last few. Rows of jobs and events are looked up one by one, or connection by
# connection, since the index on connection and state begins with these; OFFSET 0 keeps the planner
# from reading all of them instead. Where fewer tries are found than were counted, these are what is
# left of them, or of hours that are not counted again: the greater number stands.
COUNT: Final = f"""
WITH RECURSIVE last(hour) AS (
    SELECT LEAST(COALESCE(max(hour), '-infinity'), statement_timestamp()) FROM hub_hourlyfigures
),
period(since) AS ({_SINCE.format(again="again")}),
{FIRST_SINCE.format(name="runs", table="hub_syncrun", at="started_at")},
tries(low) AS (
    WITH RECURSIVE period(since) AS ({_SINCE.format(again="again_tries")}),
    {FIRST_SINCE.format(name="found", table="hub_attempt", at="started_at")}
    SELECT max(low) FROM found
),
counted AS (
    SELECT r.connection_id, r.started_at AS at,
        (r.status = 'success' AND {IS_RUN})::int AS succeeded, (r.status = 'failed')::int AS failed,
        (r.status IN ('partial', 'held', 'cancelled'))::int AS partial,
        {RECORDS_SYNCED} AS records_synced, r.failed AS records_failed,
        (r.kind IN ('pull', 'full'))::int AS pulls,
        CASE WHEN r.kind IN ('pull', 'full') THEN r.duration_ms ELSE 0 END AS pull_ms,
        0 AS done, 0 AS again, 0 AS dead, 0 AS jobs, 0 AS events
    FROM hub_syncrun r WHERE r.id >= (SELECT max(low) FROM runs)
        AND {IS_WORK}
    UNION ALL
    SELECT j.connection_id, a.started_at, 0, 0, 0, 0, 0, 0, 0, (a.outcome = 'done')::int,
        (a.outcome = 'again')::int, (a.outcome = 'dead')::int, 0, 0
    FROM hub_attempt a CROSS JOIN LATERAL (
        SELECT job.connection_id FROM hub_syncjob job WHERE job.id = a.job_id OFFSET 0) j
    WHERE a.id >= (SELECT low FROM tries)
    UNION ALL
    SELECT c.id, d.finished_at, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0
    FROM period p CROSS JOIN hub_connection c CROSS JOIN LATERAL (
        SELECT j.finished_at FROM hub_syncjob j WHERE j.connection_id = c.id
            AND j.state = 'dead' AND j.finished_at >= p.since OFFSET 0) d
    UNION ALL
    SELECT c.id, d.finished_at, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
    FROM period p CROSS JOIN hub_connection c CROSS JOIN LATERAL (
        SELECT e.finished_at FROM hub_inboxevent e WHERE e.connection_id = c.id
            AND e.state = 'dead' AND e.finished_at >= p.since OFFSET 0) d
)
INSERT INTO hub_hourlyfigures AS h (connection_id, hour, runs_succeeded, runs_failed, runs_partial,
    records_synced, records_failed, pulls, pull_ms, tries_done, tries_again, tries_dead,
    dead_jobs, dead_events)
SELECT c.connection_id, date_trunc('hour', c.at), sum(succeeded), sum(failed), sum(partial),
    sum(records_synced), sum(records_failed), sum(pulls), sum(pull_ms), sum(done), sum(again),
    sum(dead), sum(jobs), sum(events)
FROM counted c CROSS JOIN period WHERE c.at >= period.since GROUP BY 1, 2
ON CONFLICT (connection_id, hour) DO UPDATE SET
    runs_succeeded = excluded.runs_succeeded, runs_failed = excluded.runs_failed,
    runs_partial = excluded.runs_partial, records_synced = excluded.records_synced,
    records_failed = excluded.records_failed, pulls = excluded.pulls, pull_ms = excluded.pull_ms,
    tries_done = GREATEST(h.tries_done, excluded.tries_done),
    tries_again = GREATEST(h.tries_again, excluded.tries_again),
    tries_dead = GREATEST(h.tries_dead, excluded.tries_dead),
    dead_jobs = excluded.dead_jobs, dead_events = excluded.dead_events
"""  # noqa: S608


def hours_count() -> int:
    """Count the last day's hours again, once in ten minutes over all processes; how many rows.

    Tries only of the last few; after a standstill both begin that long before the last hour that
    was counted.
    """
    if leases.take(LEASE, ROUND_SECONDS) is None:
        return 0
    with database.cursor() as cursor:
        cursor.execute(COUNT, reach())
        return int(cursor.rowcount)


def reach() -> dict[str, int]:
    """How many hours back the statement counts, at the first time and again.

    Of runs only hours that are kept whole, since one that a person lets through counts otherwise
    from then on: their figures may become smaller, and must not because the runs are forgotten.
    """
    days = int(settings.RETENTION_DAYS["runs"])
    return {
        "first": min(FIRST_HOURS, days * 24 - 1) if days else FIRST_HOURS,
        "again": AGAIN_HOURS,
        "again_tries": TRIES_AGAIN_HOURS,
    }
