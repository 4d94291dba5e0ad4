"""Things that the vendor says are not there, and what follows once they are there after all.

A vendor drops the links to what it deletes, maybe minutes later, and keeps them dropped when it is
restored. So who led to a thing that was away is looked at once more when all that has shown: seen
with its link by then, it lost the link to a person if it loses it later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, ForeignKey
from django.db.models.functions import Coalesce, Now

from integrations.hub.errors import Conflict
from integrations.hub.mapping.lookups import Link
from integrations.hub.mapping.tables import DROPPED_WITHIN
from integrations.hub.models import LinkState, SyncRecord, SyncStage, SyncState
from integrations.hub.sync.hinting import inbound_add
from integrations.hub.sync.links import waiting_wake
from integrations.hub.sync.scene import Scene, scene_of
from integrations.hub.words import DROPPED_LATE


def away_note(link_ids: Collection[int]) -> None:
    """The vendor says that these things are not there; a link that has ended stays ended.

    Who compares the pair at the same time looks once more.
    """
    if not link_ids:
        return
    links, gone_at = SyncRecord.objects.filter(pk__in=link_ids), Coalesce("gone_at", Now())
    links.filter(state=LinkState.TOMBSTONE).update(gone_at=gone_at, away_at=Now())
    links.exclude(state=LinkState.TOMBSTONE).update(
        gone_at=gone_at, away_at=Now(), revision=F("revision") + 1
    )


def found_ended(links: Collection[SyncRecord], *, read_at: datetime) -> None:
    """Things are there whose links had ended before, and had gone since; they stay ended."""
    ids = [link.pk for link in links if link.state == LinkState.TOMBSTONE and link.gone_at]
    if ids:
        SyncRecord.objects.filter(pk__in=ids, gone_at__lt=read_at).update(gone_at=None)


@transaction.atomic
def found_well(scene: Scene, links: Collection[SyncRecord], *, asked_at: datetime) -> None:
    """Links whose things were there when they were asked for; what was heard since stays."""
    missed = SyncRecord.objects.filter(pk__in=[link.pk for link in links], gone_at__lt=asked_at)
    well = list(missed.select_for_update().order_by("pk"))
    ids = [link.pk for link in well]
    SyncRecord.objects.filter(pk__in=ids).update(gone_at=None, revision=F("revision") + 1)
    back_tell(scene, well)


def back_tell(scene: Scene, links: Collection[SyncRecord]) -> None:
    """These are there again: who waits for one is looked at now, who leads to one later.

    Last in a transaction, as all that makes jobs.
    """
    waiting_wake(scene, links)
    _back_look(scene, links)


def _back_look(scene: Scene, links: Collection[SyncRecord]) -> None:
    """Have who leads to one of these looked at, when all that went with it has shown."""
    ours = {link.local_id for link in links if link.away_at is not None}
    if not ours:
        return
    states = SyncState.objects.filter(connection=scene.connection)
    for state in states.select_related("connection__workspace"):
        # One that is held may be at work by then; if not, a whole listing makes up for the look.
        if state.stage == SyncStage.LIVE and state.is_pulled:
            found = sorted(_leading(state, scene.stream.object, ours))
            after = DROPPED_WITHIN.total_seconds() + 1
            inbound_add(
                scene.connection, state.object, found, after_seconds=after, reason=DROPPED_LATE
            )


def _leading(state: SyncState, object: str, ours: set[int]) -> set[str]:
    """Their ids of the stream's things whose records here lead to one of these of ours."""
    try:
        scene = scene_of(state)
    except Conflict:
        return set()
    found: set[str] = set()
    if scene.stream.read is None:
        return found
    for path in _paths(scene, object):
        rows: Any = scene.model._default_manager.filter(
            workspace_id=scene.connection.workspace_id, **{f"{path}__in": ours}
        )
        links = SyncRecord.objects.filter(
            connection=scene.connection,
            object=state.object,
            state=LinkState.ACTIVE,
            local_id__in=rows.values("pk"),
        )
        found |= set(links.values_list("external_id", flat=True))
    return found


def _paths(scene: Scene, object: str) -> Iterator[str]:
    """Fields of ours that are links, and are mapped to links to this object of theirs."""
    links = {one.name for one in scene.model._meta.fields if isinstance(one, ForeignKey)}
    for row in scene.mapper.rows:
        step = row.chain.steps[0]
        if isinstance(step, Link) and step.name == object and row.path in links:
            yield row.path
