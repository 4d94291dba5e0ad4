"""Runs one claimed job: the provider's handler, then one commit for its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from integrations.hub import consequences, jobs, policy
from integrations.hub.classification import BUG_PREFIX, classified
from integrations.hub.commands import Command
from integrations.hub.errors import Forbidden, LeaseLost, Rejected, told_cause
from integrations.hub.faults import fault
from integrations.hub.http import Exchange, recording
from integrations.hub.jobs import Claimed
from integrations.hub.models import (
    Attempt,
    BreakerState,
    IntentOutcome,
    JobKind,
    SyncJob,
    WriteIntent,
)
from integrations.hub.oauth.mending import step_mended
from integrations.hub.pace import retry_delays
from integrations.hub.policy import Action, Extent, Signal, Step
from integrations.hub.pushes import Push
from integrations.hub.redaction import redact

# After a probe that failed, the breaker's own gate says when the next one goes out.
PROBE_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Tried:
    """One try of a job, ready to be stored."""

    step: Step
    exchanges: list[Exchange]
    duration_ms: int
    is_probe: bool
    ended: float

    @property
    def seconds(self) -> float:
        return self.duration_ms / 1000

    @property
    def is_quiet(self) -> bool:
        """Done without asking the vendor: nothing but our own tables has to hear of it."""
        return self.step.action == Action.DONE and not self.exchanges and not self.is_probe


def execute(claimed: Claimed) -> Step:
    """Do the job, store how it went and tell its connection; the handler's error stays inside."""
    return settled(claimed, attempted(claimed))


def settled(claimed: Claimed, tried: Tried, *, is_news: bool = True) -> Step:
    """Store how it went and tell the connection; what an overtaken worker did tells nothing.

    `is_news`: the connection has not heard the same of the same call by another job.
    """
    try:
        _store(claimed, tried)
    except LeaseLost as error:
        return policy.step_after(error, attempts=claimed.job.attempts)
    if is_news:
        consequences.tell(
            claimed.job.connection,
            tried.step,
            was_called=bool(tried.exchanges),
            is_probe=tried.is_probe,
        )
    consequences.tell_death(claimed.job.connection, tried.step)
    if tried.step.code.startswith(BUG_PREFIX):
        consequences.tell_same_bug(claimed.job.connection, tried.step)
    return tried.step


def stored_quietly(held: Sequence[tuple[Claimed, Tried]]) -> list[Step]:
    """Store many that were done without a call, in one commit; the step of each."""
    stored = _complete(held)
    return [
        tried.step
        if claimed.job.pk in stored
        else policy.step_after(_overtaken(claimed), attempts=claimed.job.attempts)
        for claimed, tried in held
    ]


def attempted(claimed: Claimed, before_call: Callable[[], None] | None = None) -> Tried:
    """Ask the provider's handler; `before_call` runs before each of its calls to the vendor."""
    fault("job.claimed")
    job = claimed.job
    started = time.monotonic()
    is_probe = job.connection.breaker_state == BreakerState.OPEN

    def guard() -> None:
        if before_call is not None:
            before_call()
        jobs.renew(claimed)

    with recording(guard) as exchanges:
        try:
            _handle(job)
            step = policy.SUCCEEDED
        except Exception as error:  # the boundary: whatever happened becomes a row
            step = step_after(job, error, is_probe)
    ended = time.monotonic()
    return Tried(step, exchanges, int((ended - started) * 1000), is_probe, ended)


def _handle(job: SyncJob) -> None:
    provider = job.connection.declaration
    if job.kind == JobKind.COMMAND and job.intent is not None:
        handler = provider.commands.get(job.intent.kind)
        if handler is None:
            raise Rejected(f"{provider.name} has no command {job.intent.kind!r} any more.")
        is_retry = job.claims > 1 or job.attempts > 0 or job.generation > 1
        handler(Command(job.connection, job.intent, is_retry=is_retry))
        return
    pusher = provider.pushes.get(job.record_type) if job.kind == JobKind.PUSH else None
    if pusher is None:
        raise Rejected(f"{provider.name} takes no {job.record_type}.")
    pusher(Push(job.connection, job.record_type, job.record_id))


def step_after(
    job: SyncJob, error: Exception, is_probe: bool, *, extent: Extent = Extent.ONE
) -> Step:
    """What to do about `error`, in words that hold no secret."""
    known = classified(told_cause(error), job.connection.declaration.error)
    step = policy.step_after(
        known,
        attempts=job.attempts,
        # A command's calls carry idempotency keys; a plain push may land late.
        waits_for_late_landing=job.kind != JobKind.COMMAND,
        extent=extent,
        is_repeated=isinstance(known, Forbidden) and _has_met(job, known.code),
        ladder=retry_delays(job.connection),
    )
    step = step_mended(job.connection, step, known)
    step = replace(step, message=_clean(job, step.message))
    if is_probe and step.signal == Signal.FAILURE:
        return replace(step, action=Action.AGAIN, is_counted=False, seconds=PROBE_AGAIN_SECONDS)
    return step


def _has_met(job: SyncJob, code: str) -> bool:
    """Whether any try before met the same: what came between, as a 429, says nothing of it.

    The last is known from the job itself, also when its tries are so old that they were forgotten.
    """
    return job.last_error_code == code or Attempt.objects.filter(job=job, code=code).exists()


@transaction.atomic
def _store(claimed: Claimed, tried: Tried) -> None:
    """Job, attempt and intent in one commit; raises LeaseLost, and stores nothing, if overtaken."""
    if tried.step.action == Action.LEAVE:
        raise _overtaken(claimed)
    if tried.step.action == Action.DONE:
        is_stored = claimed.job.pk in _complete([(claimed, tried)])
    else:
        is_stored = _finish(claimed, tried.step)
    if not is_stored:
        raise _overtaken(claimed)
    if tried.step.action != Action.DONE:
        _attempt_add(claimed.job, tried)
        if claimed.job.intent_id is not None:
            _intent_close(claimed.job.intent_id, tried.step)
    fault("job.stored")


def _overtaken(claimed: Claimed) -> LeaseLost:
    return LeaseLost(f"Job {claimed.job.pk} is another worker's by now.")


@transaction.atomic
def _complete(held: Sequence[tuple[Claimed, Tried]]) -> set[int]:
    now = time.monotonic()
    return jobs.complete(
        [
            jobs.Completed(
                job_id=claimed.job.pk,
                token=claimed.token,
                duration_ms=tried.duration_ms,
                seconds_ago=now - tried.ended + tried.seconds,
                status_code=_last_status(tried),
                message=tried.step.message,
                request_digest=tried.exchanges[-1].request_digest if tried.exchanges else "",
                exchanges=[exchange.as_json() for exchange in tried.exchanges],
            )
            for claimed, tried in held
        ]
    )


def _last_status(tried: Tried) -> int | None:
    statuses = [one.status for one in tried.exchanges if one.status is not None]
    return statuses[-1] if statuses else tried.step.status


def _finish(claimed: Claimed, step: Step) -> bool:
    job, token = claimed.job, claimed.token
    if step.action == Action.DEAD:
        return jobs.dead(job, token, reason=step.reason, code=step.code, error=step.message)
    return jobs.again(
        job,
        token,
        after_seconds=step.seconds,
        is_counted=step.is_counted,
        code=step.code,
        error=step.message,
    )


def _attempt_add(job: SyncJob, tried: Tried) -> None:
    last = Attempt.objects.filter(job=job).aggregate(number=Max("number"))["number"] or 0
    exchanges = tried.exchanges
    Attempt.objects.create(
        job=job,
        number=last + 1,
        generation=job.generation,
        is_counted=tried.step.is_counted,
        outcome=tried.step.action,
        code=tried.step.code,
        status_code=_last_status(tried),
        message=tried.step.message,
        request_digest=exchanges[-1].request_digest if exchanges else "",
        exchanges=[exchange.as_json() for exchange in exchanges],
        started_at=Now() - timedelta(milliseconds=tried.duration_ms),
        duration_ms=tried.duration_ms,
    )


def _intent_close(intent_id: int, step: Step) -> None:
    """Refused only where the vendor said so; after a transient death the outcome stays unknown."""
    if step.is_refusal:
        WriteIntent.objects.filter(pk=intent_id).update(
            outcome=IntentOutcome.REFUSED, closed_at=Now()
        )


def _clean(job: SyncJob, text: str) -> str:
    return redact(text, job.connection.credentials.texts()).replace("\x00", "")
