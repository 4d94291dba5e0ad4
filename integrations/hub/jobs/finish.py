"""Ends a lease, guarded by its token: a holder that was overtaken writes nothing.

Each function returns False (or raises nothing and changes nothing) for a foreign token.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db import connection as database
from django.db.models import F, Value
from django.db.models.functions import Greatest, Now

from integrations.hub.jobs.order import sort_at
from integrations.hub.models import JobState, SyncJob
from integrations.hub.row_leases import RELEASED

KEPT_ERROR = 2000

HAND_BACK = """
UPDATE hub_syncjob j
SET state = 'ready', lease_token = NULL, lease_until = NULL, claims = GREATEST(claims - 1, 0)
WHERE id = ANY(%s) AND lease_token = %s AND state = 'leased' AND NOT EXISTS (
    SELECT 1 FROM hub_syncjob s
    WHERE s.lane = j.lane AND s.coalesce_key = j.coalesce_key AND s.state = 'ready')
RETURNING id
"""


def done(job: SyncJob, token: uuid.UUID) -> bool:
    """What went wrong before stays on the attempts; the job itself is well."""
    return _finish(
        job,
        token,
        state=JobState.DONE,
        reason="",
        last_error="",
        last_error_code="",
        finished_at=Now(),
        claims=0,
    )


def dead(
    job: SyncJob, token: uuid.UUID, *, reason: str, code: str, error: str, is_counted: bool = True
) -> bool:
    """No more tries; the row stays, with its reason, until a person replays it or gives it up."""
    return _finish(
        job,
        token,
        state=JobState.DEAD,
        reason=reason,
        finished_at=Now(),
        claims=0,
        attempts=F("attempts") + int(is_counted),
        last_error=error[:KEPT_ERROR],
        last_error_code=code,
    )


def again(
    job: SyncJob,
    token: uuid.UUID,
    *,
    after_seconds: float,
    is_counted: bool,
    code: str,
    error: str,
) -> bool:
    """Back to waiting; where a newer job waits in its place already, that one takes over."""
    later = Now() + Value(timedelta(seconds=after_seconds))
    attempts = job.attempts + int(is_counted)
    values = {
        "claims": 0,
        "attempts": attempts,
        "run_at": later,
        "sort_at": later - Value(timedelta(seconds=job.head_start_seconds)),
        "last_error": error[:KEPT_ERROR],
        "last_error_code": code,
    }
    return _to_ready(job, token, values)


def hand_back(job: SyncJob, token: uuid.UUID) -> bool:
    """Waiting as before: it was claimed with others, and its turn did not come."""
    return _to_ready(job, token, {"claims": max(job.claims - 1, 0)})


def hand_back_many(held: Sequence[tuple[SyncJob, uuid.UUID]]) -> None:
    """As hand_back, in one statement but for those beside which a newer job waits by now."""
    if not held:
        return
    ids, token = [job.pk for job, _ in held], held[0][1]
    try:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute(HAND_BACK, [ids, token])
            returned = {row[0] for row in cursor.fetchall()}
    except IntegrityError:
        returned = set()
    for job, its_token in held:
        if job.pk not in returned:
            hand_back(job, its_token)


def expire(job: SyncJob, *, is_poison: bool) -> None:
    """The lease ran out: its holder died or hangs; called with the row locked."""
    token = job.lease_token
    if token is None:
        return
    if is_poison:
        dead(
            job,
            token,
            reason="crashes_worker",
            code="crashes_worker",
            error="Three workers ended without a result while they held this job.",
            is_counted=False,
        )
        return
    _to_ready(job, token, {"sort_at": sort_at(job.head_start_seconds)})


def _to_ready(job: SyncJob, token: uuid.UUID, values: dict[str, Any]) -> bool:
    """A plain update would break the index one_ready when a sibling waits (then we step aside).

    A sibling that is being inserted right now is seen at the second look.
    """
    for _ in range(2):
        if _supersede(job, token, values):
            return True
        try:
            with transaction.atomic():
                return _finish(job, token, state=JobState.READY, reason="", **values)
        except IntegrityError:
            continue
    return _supersede(job, token, values)


def _supersede(job: SyncJob, token: uuid.UUID, values: dict[str, Any]) -> bool:
    """Leave the work, with its attempts and its waiting time, to the sibling; False without one."""
    with transaction.atomic():
        siblings = SyncJob.objects.select_for_update().filter(
            lane=job.lane, coalesce_key=job.coalesce_key, state=JobState.READY
        )
        sibling = siblings.first()
        if sibling is None:
            return False
        if not _finish(job, token, state=JobState.SUPERSEDED, reason="", finished_at=Now()):
            return False
        SyncJob.objects.filter(pk=sibling.pk).update(
            attempts=Greatest("attempts", Value(values.get("attempts", job.attempts))),
            claims=Greatest("claims", Value(values.get("claims", job.claims))),
            run_at=Greatest("run_at", values.get("run_at", F("run_at"))),
        )
    return True


def _finish(job: SyncJob, token: uuid.UUID, **values: Any) -> bool:
    held = SyncJob.objects.filter(pk=job.pk, lease_token=token, state=JobState.LEASED)
    return bool(held.update(**RELEASED, **values))
