"""Adds work: level-triggered jobs coalesce in their lane, commands queue up in theirs."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection as database

from integrations.hub.faults import fault
from integrations.hub.jobs.order import sort_at
from integrations.hub.lanes import lane_of
from integrations.hub.models import JobKind, SyncJob, WriteIntent
from integrations.hub.pace import HEAD_START_SECONDS, head_start

INTERACTIVE_HEAD_START_SECONDS = HEAD_START_SECONDS["high"]

# A waiting job keeps its run_at: a record that changes all the time must not defeat its back-off.
DIRTY = """
INSERT INTO hub_syncjob AS j (uid, connection_id, kind, lane, record_type, record_id,
                              head_start_seconds, sort_at, created_at, run_at)
SELECT gen_random_uuid(), %s, 'push', lane, %s, record_id, %s,
       statement_timestamp() - %s * interval '1 second',
       statement_timestamp(), statement_timestamp()
FROM unnest(%s::bigint[], %s::bigint[]) AS dirty(lane, record_id) ORDER BY lane
ON CONFLICT (lane, coalesce_key) WHERE state = 'ready'
DO UPDATE SET sort_at = LEAST(j.sort_at, excluded.sort_at),
              head_start_seconds = GREATEST(j.head_start_seconds, excluded.head_start_seconds)
"""


def dirty(
    connection_id: int,
    record_type: str,
    record_ids: Iterable[int],
    head_start_seconds: int = INTERACTIVE_HEAD_START_SECONDS,
) -> None:
    """Mark records as changed for one connection; any number of times is one job a record."""
    ids = sorted(set(record_ids))
    lanes = [lane_of(connection_id, record_type, record_id) for record_id in ids]
    with database.cursor() as cursor:
        cursor.execute(
            DIRTY,
            [connection_id, record_type, head_start_seconds, head_start_seconds, lanes, ids],
        )
    fault("job.enqueued")


def command_job_add(intent: WriteIntent) -> SyncJob:
    """The job that carries an intent out; it waits for those before it in the subject's lane."""
    seconds = head_start(intent.connection, intent.kind)
    return SyncJob.objects.create(
        connection_id=intent.connection_id,
        kind=JobKind.COMMAND,
        lane=lane_of(intent.connection_id, intent.record_type, intent.record_id),
        coalesce_key=str(intent.pk),
        record_type=intent.record_type,
        record_id=intent.record_id,
        intent=intent,
        head_start_seconds=seconds,
        sort_at=sort_at(seconds),
    )
