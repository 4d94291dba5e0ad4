"""Tries what a stream has set aside again: a bounded number a request, in short transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet

from crm.models import User
from crm.services.origin import by_user
from integrations.hub.errors import Conflict
from integrations.hub.first_sync import stream_of
from integrations.hub.models import (
    JobKind,
    JobState,
    LinkState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.sync import quarantine
from integrations.hub.sync.steering import is_asked_for, items_retry, links_retry, live_check

# What one request may do before its page is late.
AT_ONCE: Final = 2000
# In one transaction: workers wait for no more than that.
CHUNK: Final = 200
# How a waiting job is known by the item that it tries.
_THEIRS: Final = {"object": OuterRef("object"), "external_id": OuterRef("external_id")}
_OURS: Final = {"record_type": OuterRef("record_type"), "record_id": OuterRef("local_id")}


def items_aside(state: SyncState) -> QuerySet[QuarantinedItem]:
    rows = QuarantinedItem.objects.filter(connection=state.connection_id, object=state.object)
    return rows.order_by("pk")


def pairs_aside(state: SyncState) -> QuerySet[SyncRecord]:
    rows = SyncRecord.objects.filter(connection=state.connection_id, object=state.object)
    return rows.filter(state=LinkState.QUARANTINED).order_by("pk")


def is_any_tried(state: SyncState) -> bool:
    """Whether another try can do anything for what is set aside."""
    found = _theirs(state).exists() or _ours(state).exists()
    return found or pairs_aside(state).exists()


def aside_retry(state: SyncState, *, actor: User, at_once: int = AT_ONCE) -> str:
    """Look at what is set aside again, as much as one request may; what was done, in words.

    What was done before a failure stays done. Raises Conflict, in words, while the stream is not
    live, and where there is nothing to do.
    """
    live_check(state)
    origin = by_user(actor)
    # Each by itself: jobs of theirs and of ours have lanes that no single statement sorts.
    kinds: list[tuple[QuerySet[Any], Callable[..., int]]] = [
        (_theirs(state).filter(~_waits(kind=JobKind.INBOUND, **_THEIRS)), items_retry),
        (_ours(state).filter(~_waits(kind=JobKind.PUSH, **_OURS)), items_retry),
        (pairs_aside(state), links_retry),
    ]
    total = tried = 0
    for rows, retry in kinds:
        total += rows.count()
        for chunk in _chunks(rows, at_once - tried):
            tried += retry(chunk, origin=origin)
    return _told(tried, total - tried)


def _theirs(state: SyncState) -> QuerySet[QuarantinedItem]:
    """Those that can be asked for; the longest untried first, so that every one has its turn."""
    if not is_asked_for(state, stream_of(state)):
        return QuarantinedItem.objects.none()
    named = items_aside(state).exclude(external_id="")
    return named.exclude(external_id__regex=quarantine.SHORTENED).order_by("last_at", "pk")


def _ours(state: SyncState) -> QuerySet[QuarantinedItem]:
    if not state.is_pushed:
        return QuarantinedItem.objects.none()
    rows = items_aside(state).filter(external_id="", local_id__isnull=False)
    return rows.order_by("last_at", "pk")


def _waits(**values: Any) -> Exists:
    """It has a job that waits for its turn: that is the next try."""
    ready = SyncJob.objects.filter(connection=OuterRef("connection"), state=JobState.READY)
    return Exists(ready.filter(**values))


def _chunks(rows: QuerySet[Any], at_most: int) -> Iterator[Sequence[Any]]:
    keys = iter(rows.values_list("pk", flat=True)[: max(0, at_most)])
    while chunk := list(islice(keys, CHUNK)):
        found = rows.model._default_manager.filter(pk__in=chunk)
        yield list(found.select_related("connection__workspace"))


def _told(tried: int, left: int) -> str:
    if not tried:
        raise Conflict("Nothing was tried: all that can be looked at waits for its turn already.")
    if left <= 0:
        return f"What was set aside is looked at again: {tried:,}."
    return f"{tried:,} are looked at again; {left:,} are left. Try again to go on with those."
