"""What the outcome of one piece of work means for everything else of its connection."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from integrations.hub import breaker, deaths, gates
from integrations.hub.models import Attempt, Connection
from integrations.hub.policy import Action, Signal, Step

SAME_BUG_JOBS = 20
SAME_BUG_MINUTES = 10
SAME_BUG_GATE_SECONDS = 600.0


def tell(connection: Connection, step: Step, *, was_called: bool, is_probe: bool = False) -> None:
    """`was_called`: the vendor was asked at all, so that its answer tells that it is there."""
    if step.signal == Signal.SUCCESS and was_called:
        breaker.succeeded(connection)
    if step.signal == Signal.FAILURE:
        breaker.failed(connection, is_probe=is_probe)
    if step.signal == Signal.AUTH:
        gates.auth_failed(connection, step.message)
    if step.signal == Signal.FORBIDDEN:
        gates.forbidden(connection, step.message)
    if step.signal == Signal.PERMISSION:
        gates.permission_missing(connection, step.message)
    if step.signal == Signal.RATE:
        gates.rate_limited(connection, seconds=step.seconds)


def tell_death(connection: Connection, step: Step) -> None:
    """A job that used up its retries; what a vendor refused is told where it was asked for."""
    if step.action == Action.DEAD and not step.is_refusal:
        deaths.job_died(connection, reason=step.reason, words=step.message)


def tell_same_bug(connection: Connection, step: Step) -> None:
    """Close the gate when the same error of our code met many jobs: no retry mends that."""
    same = Attempt.objects.filter(
        job__connection=connection,
        code=step.code,
        started_at__gt=Now() - timedelta(minutes=SAME_BUG_MINUTES),
    )
    if same.values("job").distinct().count() >= SAME_BUG_JOBS:
        gates.same_bug(connection, seconds=SAME_BUG_GATE_SECONDS, words=step.message)
