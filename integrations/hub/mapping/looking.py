"""After an edit of a mapping: looks anew at the records that waited for it, at low priority.

Others are compared by the new mapping as they come; an edit never sends everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q, QuerySet

from integrations.hub import jobs, wake
from integrations.hub.mapping.lookups import UNMAPPED
from integrations.hub.models import Connection, FieldMapping, LinkState, SyncRecord
from integrations.hub.pace import BULK_HEAD_START_SECONDS


def waiting_look(connection: Connection, object: str = "") -> int:
    """Records with a field that could not be translated; how many there are."""
    links = _links(connection).exclude(problems={})
    return _dirty(connection, links.filter(object=object) if object else links)


def strangers_look(connection: Connection, external_ids: Collection[str]) -> int:
    """Records of people at the vendor who were nobody here until now; how many there are."""
    rows = FieldMapping.objects.filter(connection=connection, is_enabled=True)
    paths = [
        (row.object, row.path)
        for row in rows
        if any(step.get("kind") == "owner" for step in row.transform)
    ]
    if not paths or not external_ids:
        return 0
    marked = [UNMAPPED + one for one in external_ids]
    wanted = Q(pk__in=())
    for object, path in paths:
        wanted |= Q(object=object, **{f"base_theirs__{path}__in": marked})
    return _dirty(connection, _links(connection).filter(wanted))


def _links(connection: Connection) -> QuerySet[SyncRecord]:
    return SyncRecord.objects.filter(connection=connection, state=LinkState.ACTIVE)


def _dirty(connection: Connection, links: QuerySet[SyncRecord]) -> int:
    by_type: dict[str, set[int]] = defaultdict(set)
    found: Iterable[tuple[Any, Any]] = links.values_list("record_type", "local_id")
    for record_type, local_id in found:
        by_type[record_type].add(local_id)
    for record_type, ids in by_type.items():
        jobs.dirty(connection.pk, record_type, ids, BULK_HEAD_START_SECONDS)
    if by_type:
        wake.wake_on_commit()
    return sum(len(ids) for ids in by_type.values())
