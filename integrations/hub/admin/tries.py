"""How often a job was tried and how many of its retries that used up, in honest words."""

from __future__ import annotations

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from integrations.hub.models import Attempt, JobState, SyncJob
from integrations.hub.policy import LADDER_SECONDS

OVER = (JobState.DONE, JobState.DISCARDED, JobState.SUPERSEDED)


def with_tries(jobs: QuerySet[SyncJob]) -> QuerySet[SyncJob]:
    """Each with how many tries of it are kept; a try that succeeded is one too."""
    of_job = Attempt.objects.filter(job=OuterRef("pk")).order_by().values("job")
    made = of_job.annotate(made=Count("pk")).values("made")
    return jobs.annotate(tries_kept=Coalesce(Subquery(made), 0))


def tries_of(job: SyncJob) -> int:
    """Of a job from `with_tries`."""
    return int(vars(job)["tries_kept"])


def tries_in_words(job: SyncJob) -> str:
    """All over the job's life, and in this round where a person or an outage's end began anew."""
    made = tries_of(job)
    if not made:
        return "none kept (tries are forgotten after 30 days)" if job.state in OVER else "none yet"
    this_round = job.attempt_rows.filter(generation=job.generation).count()
    words = f"{made} {'try' if made == 1 else 'tries'}"
    return words if this_round == made else f"{words}, {this_round} since it was started over"


def retries_in_words(job: SyncJob) -> str:
    """How far down the ladder it is, and which tries did not count."""
    waits = ", ".join(f"{seconds:.0f}" for seconds in LADDER_SECONDS)
    words = f"{retries_used(job)} of {len(LADDER_SECONDS)} (after {waits} s)"
    free = job.attempt_rows.aggregate(
        free=Count("pk", filter=Q(generation=job.generation, is_counted=False))
    )["free"]
    if not free:
        return words
    tries = "1 try was" if free == 1 else f"{free} tries were"
    return f"{words}; {tries} not counted, since the cause lay with the connection"


def retries_used(job: SyncJob) -> int:
    """Counted failures were each followed by a retry, but for the one that a job died of."""
    last = int(job.state == JobState.DEAD)
    return min(max(job.attempts - last, 0), len(LADDER_SECONDS))
