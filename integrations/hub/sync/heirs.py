"""A tombstone whose thing is linked anew gives way; what is remembered of it goes to its heir."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db.models import Exists, OuterRef, QuerySet

from integrations.hub.models import ConflictState, SyncConflict, SyncRecord, WriteIntent
from integrations.hub.sync import clashes

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
    _conflicts_inherited(old, heir)
    WriteIntent.objects.filter(link=old.pk).update(link=None)
    SyncRecord.objects.filter(pk=old.pk).delete()
    return result


def _conflicts_inherited(old: SyncRecord, heir: SyncRecord) -> None:
    """What nobody had decided is asked again where the same two are linked."""
    conflicts = SyncConflict.objects.filter(link=old.pk)
    if heir.local_id == old.local_id:
        left = conflicts.filter(state=ConflictState.LEFT, resolved_at__gte=old.state_at)
        asked = SyncConflict.objects.filter(pk__in=_not_asked_yet(left, heir).values("pk"))
        asked.update(state=ConflictState.OPEN, resolved_at=None)
    conflicts.update(link=heir)


def _not_asked_yet(left: QuerySet[SyncConflict], heir: SyncRecord) -> QuerySet[SyncConflict]:
    """Of each field the newest, unless the heir has a conflict of it that knows later values."""
    standing = heir.conflicts.filter(state__in=clashes.STANDING, field=OuterRef("field"))
    return left.exclude(Exists(standing)).order_by("field", "-pk").distinct("field")
