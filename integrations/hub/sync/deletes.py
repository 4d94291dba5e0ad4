"""What follows when a record is gone on one side; never in a rush, never many without asking.

Theirs is gone and ours is as it was: the stream's policy (ours is kept without a link, archived, or
theirs is made again). Theirs is gone and ours was changed since: theirs is made again, for an edit
beats a deletion. Ours is archived: theirs is left, or deleted if that is the policy and nobody has
changed it since.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from crm.models import Record
from integrations.hub import jobs
from integrations.hub.errors import LookAgain
from integrations.hub.merge import Base, Direction, MergeField
from integrations.hub.merge.plan import are_alike, is_new_there
from integrations.hub.merge.types import BLANK
from integrations.hub.models import (
    ARCHIVED_WORDS,
    DELETED_WORDS,
    GONE_WORDS,
    MADE_AGAIN_WORDS,
    LinkState,
    OurDelete,
    SyncRecord,
)
from integrations.hub.sync import quarantine
from integrations.hub.sync.away import away_note, found_well
from integrations.hub.sync.holds import archived_since, hold
from integrations.hub.sync.links import tombstone
from integrations.hub.sync.missed import archived_links, gone_links
from integrations.hub.sync.quarantine import Trouble
from integrations.hub.sync.remote import database_now, remote_read
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.settling import links_settle

# A vendor that fails to find a record once may find it the next time.
SECOND_LOOK: Final = timedelta(seconds=60)
FEW: Final = 20
BATCH: Final = 100


def gone_settle(scene: Scene, *, until: float = math.inf) -> bool:
    """Do what follows for all that the vendor said is gone; False when time is up before the end.

    More than the guard allows stop the stream, for a person to look; nothing is done then.
    """
    gone = gone_links(scene).order_by("pk")
    count = gone.count()
    if not count or _is_held(scene, count):
        return True
    last = 0
    while links := list(gone.filter(pk__gt=last)[:BATCH]):
        links_settle(scene, _confirmed(scene, links))
        last = links[-1].pk
        if time.monotonic() >= until:
            return False
    return True


def counterpart_missing(scene: Scene, link: SyncRecord) -> None:
    """A read did not find their record: noted, and believed when a later one does not either.

    Raises LookAgain the first time; where nothing is pulled also what the end here failed of, for
    no run will do it again. A vendor that cannot be asked has said so by refusing a write.
    """
    fresh = SyncRecord.objects.get(pk=link.pk)
    if scene.stream.read is None:
        # Only a write of ours brings it to light, and an edit beats a deletion.
        if not _is_held(scene, 1):
            tombstone(fresh, MADE_AGAIN_WORDS)
            jobs.dirty(scene.connection.pk, scene.stream.record_type, [fresh.local_id])
        return
    away_note([link.pk])
    if fresh.gone_at is None or database_now() - fresh.gone_at < SECOND_LOOK:
        raise LookAgain(
            "Their record was not found; it is looked for again before anything follows.",
            after=SECOND_LOOK.total_seconds() + 1,
        )
    if not _is_held(scene, 1):
        failed = links_settle(scene, [fresh])
        if failed and not scene.state.is_pulled:
            raise failed[0]


def record_archived(scene: Scene, record: Record, link: SyncRecord) -> None:
    """Ours is archived: leave theirs, or delete it unless somebody there has changed it since."""
    delete = scene.stream.delete
    is_wanted = scene.state.on_our_delete == OurDelete.DELETE and scene.direction != Direction.PULL
    if link.state != LinkState.ACTIVE:
        return
    words = ARCHIVED_WORDS
    if is_wanted and delete is not None:
        if _is_archive_held(scene, link):
            return
        words = DELETED_WORDS
        if _is_theirs_changed(scene, link, record):
            said = "Archived here, but changed there since: restore ours, or delete theirs."
            quarantine.ours_keep(scene, {record.pk: Trouble(quarantine.DELETED_HERE, said)})
            words = ARCHIVED_WORDS
        else:
            delete(scene.connection, [link.external_id])
    tombstone(link, words)


def records_erased(scene: Scene, local_ids: Collection[int]) -> None:
    """Ours is gone for good: its link leads nowhere."""
    if not local_ids:
        return
    links = SyncRecord.objects.filter(
        connection=scene.connection,
        object=scene.stream.object,
        local_id__in=list(local_ids),
        state=LinkState.ACTIVE,
    )
    for link in links:
        tombstone(link, "Ours is gone.")


def _is_held(scene: Scene, count: int) -> bool:
    """Whether so many at once need a person's word; those of the last hour count, too."""
    if scene.state.is_guard_waived:
        return False
    ended = _ended(scene, GONE_WORDS).filter(_is_after_leave(scene))
    recent, active = ended.count(), _active(scene)
    if not _are_many(count + recent, active + recent):
        return False
    words = (
        f"{count + recent} of {active + recent} {scene.stream.label.lower()} are gone at the "
        "vendor. Nothing was done about it here: look whether that is right, then go on or stop."
    )
    hold(scene.state, words)
    return True


def _is_archive_held(scene: Scene, link: SyncRecord) -> bool:
    """The same for ours that were archived, before theirs are deleted.

    A leave is for those that were archived before a person gave it.
    """
    state, since = scene.state, scene.state.let_through_at
    if state.hold_reason:
        return True
    waiting, ended = archived_links(scene), _deleted_without_leave(scene)
    if state.is_guard_waived:
        if since is None:
            return False
        is_after = archived_since(scene, since)
        waiting, ended = waiting.filter(is_after), ended.filter(is_after)
        if not waiting.filter(pk=link.pk).exists():
            return False
    count, recent, active = waiting.count(), ended.count(), _active(scene)
    if not _are_many(count + recent, active + recent):
        return False
    words = (
        f"{count + recent} of {active + recent} {scene.stream.label.lower()} were archived here, "
        f"and theirs would be deleted at the vendor; {recent} are deleted already. Look whether "
        "that is right, then go on or stop."
    )
    hold(scene.state, words)
    return True


def _are_many(count: int, among: int) -> bool:
    return count > max(FEW, among * settings.SYNC_GUARD_DELETES_PERCENT // 100)


def _active(scene: Scene) -> int:
    return _links(scene).filter(state=LinkState.ACTIVE).count()


def _deleted_without_leave(scene: Scene) -> QuerySet[SyncRecord]:
    """What was archived after a leave was given is not among what it covers, however soon it
    was deleted."""
    condition, since = _is_after_leave(scene), scene.state.let_through_at
    if condition and since is not None:
        condition |= Q(archived_since(scene, since))
    return _ended(scene, DELETED_WORDS).filter(condition)


def _is_after_leave(scene: Scene) -> Q:
    """Condition of a link that ended since a leave was over; all did where there was none."""
    until = scene.state.let_through_until
    return Q() if until is None else Q(state_at__gt=until)


def _ended(scene: Scene, reason: str) -> QuerySet[SyncRecord]:
    """Links that ended for this reason in the last hour."""
    return _links(scene).filter(
        state=LinkState.TOMBSTONE, reason=reason, state_at__gt=Now() - timedelta(hours=1)
    )


def _links(scene: Scene) -> QuerySet[SyncRecord]:
    return SyncRecord.objects.filter(connection=scene.connection, object=scene.stream.object)


def _confirmed(scene: Scene, links: Sequence[SyncRecord]) -> list[SyncRecord]:
    """Those that a look of their own does not find either; the others are well again."""
    if scene.stream.read is None:
        return list(links)
    asked_at = database_now()
    found = remote_read(scene, [link.external_id for link in links])
    alive = {pk for pk, one in found.items() if not one.is_deleted}
    well = [link for link in links if link.external_id in alive]
    found_well(scene, well, asked_at=asked_at)
    return [link for link in links if link.external_id not in alive]


def _is_theirs_changed(scene: Scene, link: SyncRecord, record: Record) -> bool:
    """Also what has never been compared: nobody here has seen it."""
    found = remote_read(scene, [link.external_id]).get(link.external_id)
    if found is None or found.is_deleted:
        return False
    theirs, ours = scene.theirs(found).values, scene.mapper.ours(record)
    base = scene.base_of(link)
    return any(
        _is_new_there(one, base, ours[one.name], theirs.get(one.name)) for one in scene.fields
    )


def _is_new_there(one: MergeField, base: Base, ours: Any, theirs: Any) -> bool:
    right = one.codec.canonical_theirs(theirs)
    if one.name in base.theirs:
        return is_new_there(one, base, right)
    return right not in BLANK and not are_alike(one, one.codec.canonical_ours(ours), right)
