"""Forgets what is old, a little at a time; dead rows are never forgotten by themselves."""

from __future__ import annotations

from django.db import connection as database

from integrations.hub import leases

CHUNK = 1000
CHUNKS_A_ROUND = 10
ROUND_SECONDS = 600

# (table, condition); the longest waits are beyond what vendors send again.
RULES = (
    (
        "hub_inboxbody",
        "received_at < statement_timestamp() - interval '30 days' AND NOT EXISTS "
        "(SELECT 1 FROM hub_inboxevent e WHERE e.body_id = t.id AND e.state IN "
        "('received', 'leased', 'dead'))",
    ),
    (
        "hub_inboxevent",
        "state IN ('done', 'ignored', 'discarded') "
        "AND received_at < statement_timestamp() - interval '35 days'",
    ),
    (
        "hub_attempt",
        "started_at < statement_timestamp() - interval '30 days' AND NOT EXISTS "
        "(SELECT 1 FROM hub_syncjob j WHERE j.id = t.job_id AND j.state = 'dead')",
    ),
    (
        "hub_syncjob",
        "state IN ('done', 'superseded', 'discarded') AND intent_id IS NULL "
        "AND finished_at < statement_timestamp() - interval '7 days'",
    ),
    ("hub_syncrun", "started_at < statement_timestamp() - interval '90 days'"),
    ("hub_oauthattempt", "expires_at < statement_timestamp() - interval '1 day'"),
    ("hub_webhookrefusal", "last_at < statement_timestamp() - interval '395 days'"),
)


def prune() -> int:
    """Delete what has expired, once in ten minutes over all processes; how many rows went."""
    lease = leases.take("retention", ROUND_SECONDS)
    if lease is None:
        return 0
    return sum(_prune(table, condition) for table, condition in RULES)


def _prune(table: str, condition: str) -> int:
    # Both names are constants of this module.
    chosen = f"SELECT id FROM {table} t WHERE {condition} LIMIT {CHUNK} FOR UPDATE SKIP LOCKED"  # noqa: S608
    removed = 0
    for _ in range(CHUNKS_A_ROUND):
        with database.cursor() as cursor:
            if table == "hub_syncjob":
                cursor.execute(
                    f"DELETE FROM hub_attempt WHERE job_id = ANY(ARRAY({chosen}))"  # noqa: S608
                )
            if table == "hub_inboxbody":
                cursor.execute(
                    f"UPDATE hub_inboxevent SET body_id = NULL WHERE body_id = ANY(ARRAY({chosen}))"  # noqa: S608
                )
            cursor.execute(f"DELETE FROM {table} WHERE id = ANY(ARRAY({chosen}))")  # noqa: S608
            removed += cursor.rowcount
            if cursor.rowcount < CHUNK:
                break
    return removed
