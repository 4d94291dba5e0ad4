"""A tombstone whose thing is linked anew gives way; what is remembered of it goes to its heir."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db.models.functions import Now

from integrations.hub.models import ConflictState, SyncConflict, SyncRecord, WriteIntent

T = TypeVar("T")


def tombstone_replaced(old: SyncRecord, by: Callable[[], T]) -> T:
    """Do what links the thing of `old` anew; call it in a transaction.

    Conflicts hold values that stand nowhere else, so they outlive the link that they were of.
    """
    external_id = old.external_id
    # Of one thing there is one link: until its heir is there the old one goes by another name.
    SyncRecord.objects.filter(pk=old.pk).update(external_id=f"{external_id[:200]} until {old.pk}")
    result = by()
    heir = SyncRecord.objects.get(
        connection=old.connection_id, object=old.object, external_id=external_id
    )
    conflicts = SyncConflict.objects.filter(link=old.pk)
    standing = conflicts.filter(state__in=(ConflictState.OPEN, ConflictState.DECIDED))
    standing.update(state=ConflictState.RESOLVED, resolved_at=Now())
    conflicts.update(link=heir)
    WriteIntent.objects.filter(link=old.pk).update(link=None)
    SyncRecord.objects.filter(pk=old.pk).delete()
    return result
