"""A person's wish that one record be tried again, by whichever way it is stuck; in the ledger."""

from __future__ import annotations

from django.db import transaction

from crm.models import Record, User
from crm.services.ledger import record_type
from crm.services.origin import by_user
from integrations.hub import jobs, wake
from integrations.hub.acts import stream_act_remember
from integrations.hub.errors import Conflict
from integrations.hub.jobs.replay import job_replay
from integrations.hub.models import (
    JobState,
    LinkState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.standings import RETRIED
from integrations.hub.sync.explaining import Explanation, explain
from integrations.hub.sync.steering import items_retry, links_retry


@transaction.atomic
def record_retry(record: Record, state: SyncState, *, actor: User) -> None:
    """Try to bring the record into step with this stream once more, with all its retries.

    Raises Conflict, in words, where another try would do nothing.
    """
    found = next((one for one in explain(record) if one.state.pk == state.pk), None)
    if found is None:
        raise Conflict(f"{state} does not keep this record.")
    if found.verdict not in RETRIED:
        raise Conflict(f"Nothing was tried: {found.words}")
    if found.state.hold_reason:
        raise Conflict(f"{state} waits for a decision: {found.state.hold_reason}")
    if not (_aside_retry(record, found, actor) or _dead_replay(record, state, actor)):
        _look_again(record, state, actor)
    wake.wake_on_commit()


def _aside_retry(record: Record, found: Explanation, actor: User) -> bool:
    """Take what was set aside back into service; whether there was any."""
    state, origin = found.state, by_user(actor)
    links = SyncRecord.objects.filter(
        connection=state.connection,
        object=state.object,
        local_id=record.pk,
        state=LinkState.QUARANTINED,
    )
    items = QuarantinedItem.objects.filter(
        connection=state.connection, object=state.object, external_id="", local_id=record.pk
    )
    taken = links_retry(links.select_related("connection__workspace"), origin=origin)
    return bool(taken + items_retry(items.select_related("connection__workspace"), origin=origin))


def _dead_replay(record: Record, state: SyncState, actor: User) -> bool:
    """Start what was given up over; an older job gives way to the newest, which does its work."""
    dead = SyncJob.objects.filter(
        connection=state.connection,
        record_type=record_type(record),
        record_id=record.pk,
        state=JobState.DEAD,
    )
    replayed = 0
    for job in dead.order_by("-id"):
        try:
            job_replay(job, actor=actor)
        except Conflict:
            # A newer one waits in its lane by now; when that one succeeds, this one is settled.
            continue
        replayed += 1
    return bool(replayed)


def _look_again(record: Record, state: SyncState, actor: User) -> None:
    """Nothing is set aside or dead: both sides are read and compared anew."""
    _check_nothing_waits(record, state)
    jobs.dirty(state.connection_id, state.record_type, [record.pk])
    diff = {"retried": (None, f"{state.record_type} {record.pk}")}
    stream_act_remember(state, diff=diff, origin=by_user(actor))


def _check_nothing_waits(record: Record, state: SyncState) -> None:
    waiting = SyncJob.objects.filter(
        connection=state.connection,
        record_type=state.record_type,
        record_id=record.pk,
        state__in=(JobState.READY, JobState.LEASED),
    )
    if waiting.exists():
        raise Conflict("It waits for its turn already: that is the next try.")
