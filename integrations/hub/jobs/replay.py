"""A person's say over dead jobs: run again, or give up."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from crm.models import User
from integrations.hub import wake
from integrations.hub.acts import act_remember
from integrations.hub.errors import Conflict
from integrations.hub.jobs.order import sort_at
from integrations.hub.models import (
    IntentOutcome,
    JobState,
    SyncJob,
    WriteIntent,
)
from integrations.hub.pace import BULK_HEAD_START_SECONDS

logger = logging.getLogger("integrations.hub.replay")


@transaction.atomic
def job_replay(job: SyncJob, *, actor: User, is_of_many: bool = False) -> SyncJob:
    """Start a dead job over with all its retries; the ledger says who did.

    One that `is_of_many` gives way to what somebody waits for. Second lives begin anew with it.

    While the outcome of a command is unknown it keeps its idempotency keys; after a refusal it
    gets new ones, since vendors repeat a stored refusal. Raises Conflict for a job that is not
    dead, or whose work a newer job has taken over.
    """
    related = SyncJob.objects.select_related("intent", "connection")
    held = related.select_for_update(of=("self",)).get(pk=job.pk)
    if held.state != JobState.DEAD:
        raise Conflict(f"Only a dead job can be replayed; this one is {held.get_state_display()}.")
    if held.intent is not None:
        _reopen(held.intent)
    head_start = BULK_HEAD_START_SECONDS if is_of_many else None
    anew = {"revivals": 0, "permission_revivals": 0}
    to_ready(SyncJob.objects.filter(pk=held.pk), counters=anew, head_start=head_start)
    act_remember(held, before=JobState.DEAD, after=JobState.READY, actor=actor)
    logger.info("job %s replayed by user %s", held.pk, actor.pk)
    wake.wake_on_commit()
    return held


@transaction.atomic
def job_discard(job: SyncJob, *, actor: User) -> None:
    """Give a dead job up for good; it stays listed as given up, with who did it."""
    changed = SyncJob.objects.filter(pk=job.pk, state=JobState.DEAD).update(
        state=JobState.DISCARDED, reason=f"given up by {actor.pk}"[:40], finished_at=Now()
    )
    if not changed:
        raise Conflict("Only a dead job can be given up.")
    act_remember(job, before=JobState.DEAD, after=JobState.DISCARDED, actor=actor)
    logger.info("job %s given up by user %s", job.pk, actor.pk)


def to_ready(
    jobs: QuerySet[SyncJob], *, counters: Mapping[str, Any], head_start: int | None = None
) -> int:
    """Start them over; raises Conflict when a newer one waits in the place of one of them.

    `counters` are what the second lives are counted as.
    """
    kept = F("head_start_seconds")
    try:
        with transaction.atomic():
            return jobs.filter(state=JobState.DEAD).update(
                state=JobState.READY,
                generation=F("generation") + 1,
                attempts=0,
                claims=0,
                run_at=Now(),
                sort_at=sort_at(head_start or 0),
                head_start_seconds=kept if head_start is None else head_start,
                reason="",
                finished_at=None,
                **counters,
            )
    except IntegrityError as error:
        raise Conflict(
            "A newer job does the same work already; this one needs no replay."
        ) from error


def _reopen(intent: WriteIntent) -> None:
    if intent.outcome == IntentOutcome.REFUSED:
        intent.uid = uuid.uuid4()
    intent.outcome = IntentOutcome.UNKNOWN
    intent.closed_at = None
    intent.save(update_fields=["uid", "outcome", "closed_at"])
