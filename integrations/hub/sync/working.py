"""Does jobs of streams together: those of one kind and type are one batch for the vendor."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from integrations.hub import jobs, throttle
from integrations.hub.classification import classified, is_of_one_record
from integrations.hub.errors import StorageRefused
from integrations.hub.execution import Tried, settled, step_after, stored_quietly
from integrations.hub.faults import fault
from integrations.hub.http import Exchange, recording
from integrations.hub.jobs import Claimed
from integrations.hub.models import BreakerState, Connection, JobKind, SyncJob
from integrations.hub.policy import SUCCEEDED, Action, Signal, Step, done
from integrations.hub.sync.forbidding import extents_of
from integrations.hub.sync.inbound import inbound_batch
from integrations.hub.sync.notes import Note
from integrations.hub.sync.pushing import push_batch

# So many jobs are done together at most, and so many things of one web-hook round asked about.
TOGETHER_SIZE = 100


def batch_size(connection: Connection) -> int:
    """How many jobs of the connection are worth having in hand at once."""
    sizes = [max(one.write_size, one.read_size) for one in connection.declaration.streams]
    return min(max(sizes, default=1), TOGETHER_SIZE)


def is_together(job: SyncJob) -> bool:
    """Whether the job is one of a stream, done with others of its kind."""
    if job.kind == JobKind.INBOUND:
        return True
    streams = job.connection.declaration.streams_of(job.record_type)
    return job.kind == JobKind.PUSH and bool(streams)


def attempt(held: Sequence[Claimed]) -> list[tuple[Claimed, Tried]]:
    """Do them, all of one connection, kind and record type; nothing of the outcome is stored yet.

    The calls stand on the first job in full, on the others without their bodies.
    """
    fault("job.claimed")
    started = time.monotonic()
    with _rank(held), recording(lambda: jobs.renew_many(held)) as exchanges:
        notes: dict[int, Note] = {}
        errors = _errors(held, notes)
    ended = time.monotonic()
    is_probe = held[0].job.connection.breaker_state == BreakerState.OPEN
    extents = extents_of(held, errors)
    tried = []
    for number, claimed in enumerate(held):
        job, error = claimed.job, errors.get(claimed.job.pk)
        step = _done(notes.get(job.record_id))
        if error is not None:
            step = step_after(job, error, is_probe, extent=extents[job.pk])
        kept = exchanges if number == 0 else [_brief(one) for one in exchanges]
        tried.append((claimed, Tried(step, kept, int((ended - started) * 1000), is_probe, ended)))
    return tried


def store(tried: Sequence[tuple[Claimed, Tried]]) -> list[tuple[Claimed, Step, float]]:
    """Store them, those that went well in one commit, and tell the connection."""
    well = [one for one in tried if one[1].step.action == Action.DONE]
    share = tried[0][1].seconds / len(tried)
    told: list[tuple[Claimed, Step, float]] = []
    if well:
        # The first tells the connection that the vendor answered; the rest need not repeat it.
        told.append((well[0][0], settled(*well[0]), share))
        steps = stored_quietly(well[1:])
        told += [(one[0], step, share) for one, step in zip(well[1:], steps, strict=True)]
    troubled = [one for one in tried if one[1].step.action != Action.DONE]
    return told + _troubles_stored(troubled, share)


def _troubles_stored(
    tried: Sequence[tuple[Claimed, Tried]], share: float
) -> list[tuple[Claimed, Step, float]]:
    """One bad answer stops many jobs, and is one piece of news of each sort for the connection.

    What is the connection's own trouble ends no job, so it is told before what ends one.
    """
    told: list[tuple[Claimed, Step, float]] = []
    heard: set[Signal] = set()
    for claimed, one in sorted(tried, key=lambda each: each[1].step.action == Action.DEAD):
        step = settled(claimed, one, is_news=one.step.signal not in heard)
        if step.action != Action.LEAVE:
            heard.add(step.signal)
        told.append((claimed, step, share))
    return told


def _done(note: Note | None) -> Step:
    return done(note.words, is_sent=note.is_sent) if note and note.words else SUCCEEDED


def _rank(held: Sequence[Claimed]) -> AbstractContextManager[None]:
    """A batch that was added in bulk gives way to what somebody waits for."""
    is_bulk = all(claimed.job.head_start_seconds < 0 for claimed in held)
    return throttle.background() if is_bulk else nullcontext()


def _errors(held: Sequence[Claimed], notes: dict[int, Note]) -> Mapping[int, Exception]:
    """What stopped each job, by its number; `notes` get what did not go with it, by our id.

    What breaks all of them and is not the vendor's saying is one job's fault: each is done alone
    then, so that the others go on. So are those that our database refused in one statement.
    """
    work = _inbound if held[0].job.kind == JobKind.INBOUND else _push
    try:
        errors = dict(work(held, notes))
    except Exception as error:
        if len(held) == 1 or _is_everybodys(held[0].job, error):
            return {claimed.job.pk: error for claimed in held}
        return _errors_alone(held, notes)
    if len(held) == 1:
        return errors
    refused = [one for one in held if _is_refused_here(errors.get(one.job.pk))]
    return {
        **{pk: error for pk, error in errors.items() if not _is_refused_here(error)},
        **_errors_alone(refused, notes),
    }


def _errors_alone(held: Sequence[Claimed], notes: dict[int, Note]) -> dict[int, Exception]:
    return {pk: error for one in held for pk, error in _errors([one], notes).items()}


def _is_refused_here(error: Exception | None) -> bool:
    """Whether our database did not take the values, be they of one record among many."""
    return error is not None and isinstance(classified(error), StorageRefused)


def _is_everybodys(job: SyncJob, error: Exception) -> bool:
    """Whether the vendor, the connection or our database is in trouble, and not one record."""
    return not is_of_one_record(classified(error, job.connection.declaration.error))


def _push(held: Sequence[Claimed], notes: dict[int, Note]) -> dict[int, Exception]:
    job = held[0].job
    ids = [claimed.job.record_id for claimed in held]
    pushed = push_batch(job.connection, job.record_type, ids)
    errors = pushed.errors
    notes |= pushed.notes
    return {
        claimed.job.pk: errors[claimed.job.record_id]
        for claimed in held
        if claimed.job.record_id in errors
    }


def _inbound(held: Sequence[Claimed], notes: dict[int, Note]) -> dict[int, Exception]:
    """Objects of one record type may be several; each is asked for by itself."""
    errors: dict[int, Exception] = {}
    for object in {claimed.job.object for claimed in held}:
        some = [claimed for claimed in held if claimed.job.object == object]
        if len(some) < len(held):
            errors |= _errors(some, notes)
            continue
        ids = [claimed.job.external_id for claimed in some]
        inbound_batch(some[0].job.connection, object, ids)
    return errors


def _brief(one: Exchange) -> Exchange:
    return Exchange(
        method=one.method,
        url=one.url,
        status=one.status,
        duration_ms=one.duration_ms,
        request_id=one.request_id,
        request_digest=one.request_digest,
        request_body="",
        response_body="",
        error=one.error,
    )
