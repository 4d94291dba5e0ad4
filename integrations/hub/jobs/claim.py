"""Hands work out: first a connection whose turn it is, then a job of it, under a lease.

Every comparison of times is made by the database, so a worker's clock never matters.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db import connection as database

from integrations.hub import deaths, registry
from integrations.hub.errors import LeaseLost
from integrations.hub.jobs.finish import expire
from integrations.hub.models import SyncJob

# More than the longest call (5 s to connect, 20 s to read, 30 s of body) that follows a renewal.
LEASE_SECONDS = 60
CLAIMS_WITHOUT_ATTEMPT = 3
SWEEP_SIZE = 200

# The connection that waited longest; one that another worker is choosing right now is passed over.
NEXT_CONNECTION = """
UPDATE hub_connection SET last_served_at = clock_timestamp()
WHERE id = (
    SELECT c.id FROM hub_connection c
    WHERE c.state = 'active' AND c.provider = ANY(%s)
      AND (c.gate_until IS NULL OR c.gate_until <= statement_timestamp())
      AND NOT c.id = ANY(%s)
      AND EXISTS (SELECT 1 FROM hub_syncjob j WHERE j.connection_id = c.id
                  AND j.state = 'ready' AND j.run_at <= statement_timestamp())
    ORDER BY c.last_served_at NULLS FIRST, c.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id
"""

# MATERIALIZED: inside a bare IN (…) the LIMIT with its row lock may be evaluated more than once.
CLAIM = """
WITH c AS MATERIALIZED (
    SELECT j.id FROM hub_syncjob j JOIN hub_connection k ON k.id = j.connection_id
    WHERE k.id = %s AND k.state = 'active'
      AND (k.gate_until IS NULL OR k.gate_until <= statement_timestamp())
      AND j.state = 'ready' AND j.run_at <= statement_timestamp()
      AND NOT EXISTS (SELECT 1 FROM hub_syncjob l WHERE l.lane = j.lane AND l.state = 'leased')
      AND (j.kind <> 'command' OR NOT EXISTS (
          SELECT 1 FROM hub_syncjob e WHERE e.lane = j.lane AND e.state = 'ready'
          AND e.kind = 'command' AND e.id < j.id))
    ORDER BY j.sort_at, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED
)
UPDATE hub_syncjob j
SET state = 'leased', lease_token = %s, claims = j.claims + 1,
    lease_until = statement_timestamp() + %s * interval '1 second'
FROM c WHERE j.id = c.id AND j.state = 'ready'
RETURNING j.id
"""

RENEW = """
UPDATE hub_syncjob SET lease_until = statement_timestamp() + %s * interval '1 second'
WHERE id = %s AND lease_token = %s AND state = 'leased'
"""

EXPIRED = """
SELECT id FROM hub_syncjob WHERE state = 'leased' AND lease_until < statement_timestamp()
ORDER BY lease_until LIMIT %s FOR UPDATE SKIP LOCKED
"""


@dataclass(frozen=True)
class Claimed:
    """A job in hand; whoever holds the token may finish it."""

    job: SyncJob
    token: uuid.UUID


def connection_next(passed_over: Collection[int] = ()) -> int | None:
    """The id of the connection to serve now: active, gate open, with due work."""
    with database.cursor() as cursor:
        cursor.execute(NEXT_CONNECTION, [registry.ids(), list(passed_over)])
        row = cursor.fetchone()
    return int(row[0]) if row else None


def claim(connection_id: int) -> Claimed | None:
    """Lease the first due job of the connection whose lane is free."""
    token = uuid.uuid4()
    try:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute(CLAIM, [connection_id, token, LEASE_SECONDS])
            row = cursor.fetchone()
    except IntegrityError:
        # Another worker leased the same lane in this moment (index one_leased): its turn, not ours.
        return None
    if row is None:
        return None
    job = SyncJob.objects.select_related("connection__workspace", "intent").get(pk=row[0])
    return Claimed(job, token)


def renew(claimed: Claimed) -> None:
    """Before each call to a vendor; raises LeaseLost when somebody else holds the job by now."""
    with database.cursor() as cursor:
        cursor.execute(RENEW, [LEASE_SECONDS, claimed.job.pk, claimed.token])
        if not cursor.rowcount:
            raise LeaseLost(f"Job {claimed.job.pk} is no longer held by this worker.")


def sweep() -> int:
    """Take back the jobs of workers that died; how many there were.

    A job that took three workers with it, without one attempt recorded, is dead.
    """
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute(EXPIRED, [SWEEP_SIZE])
            ids = [row[0] for row in cursor.fetchall()]
        for job in SyncJob.objects.filter(pk__in=ids).select_related("connection__workspace"):
            is_poison = job.claims >= CLAIMS_WITHOUT_ATTEMPT
            expire(job, is_poison=is_poison)
            if is_poison:
                deaths.job_died(job.connection, reason=deaths.CRASH, words=deaths.CRASH_WORDS)
    return len(ids)
