"""After a whole listing: records of ours that the vendor lacks, or that changed unseen, are sent.

The safety net under the outbox, and how what was here before the connection gets there.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from integrations.hub import jobs
from integrations.hub.merge import Direction
from integrations.hub.models import (
    ARCHIVED_WORDS,
    IntentOutcome,
    JobKind,
    JobState,
    LinkState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    WriteIntent,
)
from integrations.hub.pace import BULK_HEAD_START_SECONDS
from integrations.hub.sync.deferring import MAKE
from integrations.hub.sync.ours import LATE
from integrations.hub.sync.parting import OPEN_WORDS
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.tries import UNLINKABLE

CHUNK: Final = 1000


def left_behind_send(scene: Scene, *, after: int = 0) -> int | None:
    """Mark some of them dirty, those with a greater id; where to go on, or None when all are."""
    if scene.direction == Direction.PULL or scene.stream.of is None:
        return None
    rows = left_behind(scene).filter(pk__gt=after)
    ids = list(rows.values_list("pk", flat=True)[:CHUNK])
    doubted = [] if after else _in_doubt(scene)
    wanted = {*ids, *doubted}
    jobs.dirty(scene.connection.pk, scene.stream.record_type, wanted, BULK_HEAD_START_SECONDS)
    return ids[-1] if len(ids) == CHUNK else None


def _in_doubt(scene: Scene) -> list[int]:
    """Of which nobody knows any more whether they were made there; each is looked for once more.

    A worker that was overtaken, or died, may have left an intent that no job is about. Those that
    no link can hold wait for a person.
    """
    makes = WriteIntent.objects.filter(
        connection=scene.connection,
        kind=MAKE,
        record_type=scene.stream.record_type,
        outcome=IntentOutcome.UNKNOWN,
        body__object=scene.stream.object,
        created_at__lt=Now() - LATE,
    ).exclude(progress__has_key=UNLINKABLE)
    return sorted(set(makes.values_list("record_id", flat=True)[:CHUNK]))


def left_behind(scene: Scene) -> QuerySet[Any]:
    """Ours without a link, or written since the sides were compared; not what is set aside."""
    links = SyncRecord.objects.filter(
        connection=scene.connection, object=scene.stream.object, local_id=OuterRef("pk")
    ).exclude(state=LinkState.TOMBSTONE)
    seen = links.filter(Q(local_version__gte=OuterRef("version")) | ~Q(state=LinkState.ACTIVE))
    kept_out = QuarantinedItem.objects.filter(
        connection=scene.connection,
        object=scene.stream.object,
        external_id="",
        local_id=OuterRef("pk"),
    )
    rows = ours_of_stream(scene).filter(~Exists(seen), ~Exists(kept_out))
    unlinked_on_purpose = SyncRecord.objects.filter(
        connection=scene.connection,
        object=scene.stream.object,
        local_id=OuterRef("pk"),
        state=LinkState.TOMBSTONE,
    ).exclude(reason__in={ARCHIVED_WORDS, *OPEN_WORDS})
    return rows.filter(Exists(links) | ~Exists(unlinked_on_purpose)).order_by("pk")


def forgotten(scene: Scene) -> QuerySet[Any]:
    """Linked ones of those that no job is about: neither sent, nor waiting, nor given up."""
    jobs_known = SyncJob.objects.filter(
        connection=scene.connection,
        kind=JobKind.PUSH,
        record_type=scene.stream.record_type,
        record_id=OuterRef("pk"),
        state__in=(JobState.READY, JobState.LEASED, JobState.DEAD),
    )
    links = SyncRecord.objects.filter(
        connection=scene.connection,
        object=scene.stream.object,
        local_id=OuterRef("pk"),
        state=LinkState.ACTIVE,
    )
    return left_behind(scene).filter(Exists(links), ~Exists(jobs_known))


def ours_of_stream(scene: Scene) -> QuerySet[Any]:
    """All records of ours that belong to the stream."""
    rows: QuerySet[Any] = scene.model._default_manager.filter(
        workspace_id=scene.connection.workspace_id, **(scene.stream.of or {})
    )
    if any(field.name == "archived_at" for field in scene.model._meta.concrete_fields):
        rows = rows.filter(archived_at=None)
    return rows
