"""Hands jobs out under a lease, and takes back those of workers that died."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction

from integrations.hub import deaths
from integrations.hub.errors import LeaseLost
from integrations.hub.jobs.finish import expire
from integrations.hub.models import Connection, SyncJob
from integrations.hub.pace import lease_seconds
from integrations.hub.row_leases import CLAIMS_WITHOUT_ATTEMPT, LEASE_SECONDS, LeasedRows

__all__ = ["LEASE_SECONDS", "Claimed", "claim", "claim_many", "connection_next", "renew", "sweep"]

# The gate holds back all calls to the vendor; commands of one subject run in their order.
ROWS = LeasedRows(
    table="hub_syncjob",
    waiting="ready",
    is_served=(
        "c.state = 'active' AND (c.gate_until IS NULL OR c.gate_until <= statement_timestamp())"
    ),
    is_next=(
        "(w.kind <> 'command' OR NOT EXISTS (SELECT 1 FROM hub_syncjob e WHERE e.lane = w.lane"
        " AND e.state = 'ready' AND e.kind = 'command' AND e.id < w.id))"
    ),
    order="w.sort_at, w.id",
    family="concat_ws('/', w.kind, w.record_type)",
)
# What only the queue's own statements look at; reading six of them takes as long as the rest.
UNREAD = ("uid", "run_at", "sort_at", "lease_until", "created_at", "finished_at")


@dataclass(frozen=True)
class Claimed:
    """A job in hand; whoever holds the token may finish it."""

    job: SyncJob
    token: uuid.UUID


def connection_next(passed_over: Collection[int] = ()) -> int | None:
    """The id of the connection to serve now: active, gate open, with due work."""
    return ROWS.connection_next(passed_over)


def claim(connection_id: int) -> Claimed | None:
    """Lease the first due job of the connection whose lane is free."""
    connection = Connection.objects.select_related("workspace").get(pk=connection_id)
    held = claim_many(connection, 1)
    return held[0] if held else None


def claim_many(connection: Connection, count: int) -> list[Claimed]:
    """Lease up to `count` due jobs of the connection, of one kind and record type, in their order.

    All share `connection` as it is given, and one token.
    """
    token = uuid.uuid4()
    ids = ROWS.claim_many(connection.pk, count, token)
    if not ids:
        return []
    jobs = SyncJob.objects.select_related("intent").defer(*UNREAD).in_bulk(ids)
    for job in jobs.values():
        job.connection = connection
    return [Claimed(jobs[pk], token) for pk in ids if pk in jobs]


def renew(claimed: Claimed) -> None:
    """Before each call to a vendor; raises LeaseLost when somebody else holds the job by now."""
    if not ROWS.renew(claimed.job.pk, claimed.token, lease_seconds(claimed.job.connection)):
        raise LeaseLost(f"Job {claimed.job.pk} is no longer held by this worker.")


def renew_many(held: Sequence[Claimed]) -> None:
    """As renew, for jobs that are done together: who has lost one stops with all of them."""
    ids, token = [one.job.pk for one in held], held[0].token
    if not ROWS.renew_many(ids, token, lease_seconds(held[0].job.connection)):
        raise LeaseLost("Some of these jobs are no longer held by this worker.")


def uncount(held: Sequence[Claimed]) -> None:
    """Our own database was in trouble: the lost try is held against none of them."""
    if held:
        ROWS.uncount([one.job.pk for one in held], held[0].token)


def sweep() -> int:
    """Take back the jobs of workers that died; how many there were.

    A job that took three workers with it, without one attempt recorded, is dead.
    """
    with transaction.atomic():
        ids = ROWS.expired()
        for job in SyncJob.objects.filter(pk__in=ids).select_related("connection__workspace"):
            is_poison = job.claims >= CLAIMS_WITHOUT_ATTEMPT
            expire(job, is_poison=is_poison)
            if is_poison:
                deaths.job_died(job.connection, reason=deaths.CRASH, words=deaths.CRASH_WORDS)
    return len(ids)
