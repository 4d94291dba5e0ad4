"""Tries what a stream has set aside again: a bounded number a request, in short transactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db.models import Model, Q, QuerySet

from crm.models import User
from crm.services.origin import by_user
from integrations.hub.errors import Conflict
from integrations.hub.first_sync import stream_of
from integrations.hub.models import (
    JobKind,
    JobState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.sync import quarantine
from integrations.hub.sync.steering import is_asked_for, items_retry, links_retry, live_check
from integrations.hub.troubles import items_aside, pairs_aside

# What one request may do before its page is late.
AT_ONCE: Final = 2000
# In one transaction: workers wait for no more than that.
CHUNK: Final = 200


def is_any_tried(state: SyncState) -> bool:
    """Whether another try can do anything for what is set aside."""
    return pairs_aside(state).exists() or _tried(state).exists()


def aside_retry(state: SyncState, *, actor: User) -> str:
    """Look at what is set aside again, as much as one request may; what was done, in words.

    What was done before a failure stays done. Raises Conflict, in words, while the stream is not
    live, and where there is nothing to do.
    """
    live_check(state)
    origin = by_user(actor)
    pairs, items = list(pairs_aside(state).values_list("pk", flat=True)), _untried(state)
    tried = 0
    # Pairs leave the list at once, so they never keep the items from their turn.
    for links in _chunks(SyncRecord, pairs[:AT_ONCE]):
        tried += links_retry(links, origin=origin)
    for chunk in _chunks(QuarantinedItem, items[: max(0, AT_ONCE - len(pairs))]):
        # Apart: jobs of theirs and of ours have lanes that no single statement sorts.
        tried += items_retry([one for one in chunk if one.external_id], origin=origin)
        tried += items_retry([one for one in chunk if not one.external_id], origin=origin)
    if not tried:
        raise Conflict("Nothing was tried: all that can be looked at waits for its turn already.")
    return _told(tried, len(pairs) + len(items) - tried)


def _tried(state: SyncState) -> QuerySet[QuarantinedItem]:
    """Those that can be looked at; the longest untried first, so that every one has its turn."""
    ours = Q(external_id="", local_id__isnull=False)
    theirs = ~Q(external_id="") & ~Q(external_id__regex=quarantine.SHORTENED)
    rows = items_aside(state).order_by("last_at", "pk")
    if not is_asked_for(state, stream_of(state)):
        rows = rows.filter(external_id="")
    return rows.filter(ours | theirs)


def _untried(state: SyncState) -> list[int]:
    """Keys of those that have no job that waits for its turn: that would be the next try.

    Compared here: where the tables have just grown, the database takes minutes for such a join.
    """
    ready = SyncJob.objects.filter(connection=state.connection_id, state=JobState.READY)
    inbound = ready.filter(kind=JobKind.INBOUND, object=state.object)
    pushes = ready.filter(kind=JobKind.PUSH, record_type=state.record_type)
    theirs = set(inbound.values_list("external_id", flat=True))
    ours = set(pushes.values_list("record_id", flat=True))
    rows = _tried(state).values_list("pk", "external_id", "local_id")
    return [
        pk
        for pk, external_id, local_id in rows
        if (external_id not in theirs if external_id else local_id not in ours)
    ]


def _chunks(model: type[Model], keys: Sequence[int]) -> Iterator[list[Any]]:
    for start in range(0, len(keys), CHUNK):
        found = model._default_manager.filter(pk__in=keys[start : start + CHUNK])
        yield list(found.select_related("connection__workspace"))


def _told(tried: int, left: int) -> str:
    if left <= 0:
        return f"What was set aside is looked at again: {tried:,}."
    return f"{tried:,} are looked at again; {left:,} are left. Try again to go on with those."
