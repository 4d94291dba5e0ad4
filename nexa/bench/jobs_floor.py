"""The floor of the jobs bench: a bare table, claimed with SKIP LOCKED and marked done."""

from __future__ import annotations

from django.db import connection as database

FLOOR_BATCH = 50

TABLE = """
CREATE TABLE bench_job (
    id bigserial PRIMARY KEY, state text NOT NULL DEFAULT 'ready',
    sort_at timestamptz NOT NULL DEFAULT statement_timestamp()
);
CREATE INDEX bench_job_ready ON bench_job (sort_at, id) WHERE state = 'ready';
"""
FILL = "INSERT INTO bench_job (id) SELECT generate_series(1, %s)"
CLAIM = """
WITH chosen AS MATERIALIZED (
    SELECT id FROM bench_job WHERE state = 'ready'
    ORDER BY sort_at, id LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE bench_job j SET state = 'leased' FROM chosen WHERE j.id = chosen.id RETURNING j.id
"""
DONE = "UPDATE bench_job SET state = 'done' WHERE id = ANY(%s)"


def floor_make(rows: int) -> None:
    """The table anew, full of work."""
    with database.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_job")
        cursor.execute(TABLE)
        cursor.execute(FILL, [rows])
        cursor.execute("ANALYZE bench_job")


def floor_drain(batch: int) -> int:
    """Claim and finish until nothing is left; how many jobs that were."""
    count = 0
    with database.cursor() as cursor:
        while True:
            cursor.execute(CLAIM, [batch])
            ids = [row[0] for row in cursor.fetchall()]
            if not ids:
                return count
            cursor.execute(DONE, [ids])
            count += len(ids)
