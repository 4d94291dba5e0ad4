"""What streams make up for after they, or their connection, were out of service for a while."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from integrations.hub import jobs
from integrations.hub.errors import Conflict
from integrations.hub.models import (
    ConnectionState,
    JobKind,
    JobState,
    LinkState,
    OurDelete,
    SyncDirection,
    SyncJob,
    SyncRecord,
    SyncStage,
    SyncState,
)
from integrations.hub.pace import BULK_HEAD_START_SECONDS
from integrations.hub.sweeps import sweep_register
from integrations.hub.sync.scene import Scene, scene_of
from integrations.hub.sync.sweeping import CHUNK, forgotten, left_behind_send

SWEPT: Final = 20


def unsent_note_all(state: SyncState) -> None:
    """Nothing of ours was sent until now: whatever is here is looked through."""
    _uncompared(state).update(local_version=0)


def unsent_note(states: Collection[SyncState], local_ids: Collection[int]) -> bool:
    """Jobs for these records end now, though these streams are out of service: once they are back,
    the records are found as ones that nobody has compared. False where one is back just now.
    """
    ids = [one.pk for one in states if one.stage == SyncStage.LIVE]
    with transaction.atomic():
        # The links first, as in a page, which writes its stream last.
        for state in states:
            _uncompared(state).filter(local_id__in=local_ids).update(local_version=0)
        rows = SyncState.objects.filter(pk__in=ids).order_by("pk")
        return not any(state.is_live for state in rows.select_for_update(no_key=True))


def _uncompared(state: SyncState) -> QuerySet[SyncRecord]:
    """Links that are to be found as ones that nobody has compared, and are not yet."""
    links = SyncRecord.objects.filter(connection=state.connection_id, object=state.object)
    return links.filter(state=LinkState.ACTIVE, local_version__gt=0)


def missed_send(scene: Scene) -> None:
    """Jobs of a stream that is not at work end without a word: what they were for is found anew."""
    after: int | None = 0
    while after is not None:
        after = left_behind_send(scene, after=after)
    archived_send(scene)
    if not scene.state.is_pulled:
        # Of other streams a run looks after these.
        _links_send(scene, gone_links(scene))
    _died_send(scene)


def forgotten_send(scene: Scene) -> None:
    """Linked records of ours that changed and that no job is about."""
    last = 0
    while ids := list(forgotten(scene).filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
        _dirty(scene, ids)
        last = ids[-1]


def archived_send(scene: Scene) -> None:
    """What follows from our archiving, of all where nothing has followed yet."""
    _links_send(scene, ours_archived(scene))


def missed_sweep() -> int:
    """Streams that only send have no run that looks through ours when it is over; how many did.

    All of ours is compared: a job that was at work when the stream changed may have taken one of
    them for done. It has ended by the time that the stream is due.
    """
    states = SyncState.objects.filter(
        stage=SyncStage.LIVE,
        is_enabled=True,
        hold_reason="",
        is_full_wanted=True,
        direction=SyncDirection.PUSH,
        next_run_at__lte=Now(),
    ).exclude(connection__state=ConnectionState.DISABLED)
    rows = list(states.select_related("connection__workspace").order_by("pk")[:SWEPT])
    for state in rows:
        with transaction.atomic():
            unsent_note_all(state)
            SyncState.objects.filter(pk=state.pk).update(is_full_wanted=False)
            with suppress(Conflict):
                missed_send(scene_of(state))
    return len(rows)


def _links_send(scene: Scene, links: QuerySet[SyncRecord]) -> None:
    last = 0
    while rows := list(
        links.filter(pk__gt=last).order_by("pk").values_list("pk", "local_id")[:CHUNK]
    ):
        _dirty(scene, [local_id for _, local_id in rows])
        last = rows[-1][0]


def _died_send(scene: Scene) -> None:
    """What died of an outage is revived when that ends; nobody hears of its end meanwhile."""
    if not scene.state.is_pushed:
        return
    died = SyncJob.objects.filter(
        connection=scene.connection,
        kind=JobKind.PUSH,
        state=JobState.DEAD,
        reason="transient",
        record_type=scene.stream.record_type,
    )
    last = 0
    while rows := list(
        died.filter(pk__gt=last).order_by("pk").values_list("pk", "record_id")[:CHUNK]
    ):
        _dirty(scene, [record_id for _, record_id in rows])
        last = rows[-1][0]


def _dirty(scene: Scene, ids: Collection[int]) -> None:
    jobs.dirty(scene.connection.pk, scene.stream.record_type, ids, BULK_HEAD_START_SECONDS)


def archived_links(scene: Scene) -> QuerySet[SyncRecord]:
    """Links of ours that were archived and whose counterpart is to be deleted; not dealt with."""
    links = ours_archived(scene)
    return links if scene.state.on_our_delete == OurDelete.DELETE else links.none()


def ours_archived(scene: Scene) -> QuerySet[SyncRecord]:
    """Links that are at work though ours are archived."""
    links = SyncRecord.objects.filter(
        connection=scene.connection, object=scene.stream.object, state=LinkState.ACTIVE
    )
    if not any(one.name == "archived_at" for one in scene.model._meta.concrete_fields):
        return links.none()
    records: Any = scene.model._default_manager.filter(
        workspace_id=scene.connection.workspace_id, pk=OuterRef("local_id")
    )
    # Asked of each link by the record's key. As a join, before the server knows how many rows a
    # first pull has made, it would go through all records for each link.
    archived = links.alias(archived_here=Subquery(records.values("archived_at")[:1]))
    return archived.filter(archived_here__isnull=False)


def gone_links(scene: Scene) -> QuerySet[SyncRecord]:
    """Links whose things were not found there; nothing has followed from it yet."""
    return SyncRecord.objects.filter(
        connection=scene.connection,
        object=scene.stream.object,
        state=LinkState.ACTIVE,
        gone_at__isnull=False,
    )


sweep_register("sync.missed", missed_sweep)
