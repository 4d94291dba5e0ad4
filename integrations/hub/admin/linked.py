"""How many records a stream keeps in step, counted for a whole list of streams in its one query."""

from __future__ import annotations

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from integrations.hub.models import LinkState, SyncRecord, SyncState


def with_linked(states: QuerySet[SyncState]) -> QuerySet[SyncState]:
    """Each with its links but those that have ended, which an index alone can tell."""
    of_stream = SyncRecord.objects.filter(
        connection=OuterRef("connection"), object=OuterRef("object")
    ).exclude(state=LinkState.TOMBSTONE)
    counted = of_stream.order_by().values("object").annotate(count=Count("*")).values("count")
    return states.annotate(linked_now=Coalesce(Subquery(counted), 0))


def linked_of(state: SyncState) -> int:
    """Of a stream from `with_linked`."""
    return int(vars(state)["linked_now"])
