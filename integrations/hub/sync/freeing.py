"""Takes off the list what was set aside of ours, once nothing is left to be done about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from crm.models import Record
from integrations.hub.merge import Direction
from integrations.hub.models import (
    ARCHIVED_WORDS,
    LinkState,
    OurDelete,
    QuarantinedItem,
    SyncRecord,
    SyncState,
)
from integrations.hub.sync import quarantine
from integrations.hub.sync.links import linked_ids
from integrations.hub.sync.matching import record_is_archived
from integrations.hub.sync.merging import MERGED
from integrations.hub.sync.quarantine import DELETED_HERE
from integrations.hub.sync.remote import remote_read
from integrations.hub.sync.scene import Scene


def settled_free(
    scene: Scene, local_ids: Collection[int], records: Sequence[Record]
) -> dict[int, Exception]:
    """Free those of ours, all brought into step just now, that are linked, archived or gone.

    `records` are those that the stream still has; one that lives without a link is to be made, or
    waits for a person. Where nothing is sent, only two that were merged there wait. By id, what
    stopped the look at one.
    """
    aside = quarantine.ours_kept(scene, local_ids)
    if not aside:
        return {}
    archived, living = _unlinked(scene, aside, records)
    if scene.direction == Direction.PULL:
        archived, living = set(), {pk for pk in living if aside[pk].code == MERGED}
    disputed = {pk for pk in archived if aside[pk].code == DELETED_HERE}
    settled = aside.keys() - living - disputed
    errors: dict[int, Exception] = {}
    try:
        settled |= disputed - _still_there(scene, disputed)
    except Exception as error:
        errors = dict.fromkeys(disputed, error)
    quarantine.items_release([aside[pk] for pk in settled])
    return errors


def unsent_free(state: SyncState) -> None:
    """Nothing is sent any more, so that nothing of ours can be made there, or deleted.

    Two that were merged there still have to be merged here.
    """
    ours = QuarantinedItem.objects.filter(connection=state.connection_id, object=state.object)
    ours.filter(external_id="").exclude(code=MERGED).delete()


def gone_free(scene: Scene, links: Collection[SyncRecord]) -> None:
    """Theirs is deleted, so that nobody has to say any more what becomes of what we archived."""
    ours = {one.local_id for one in links if one.reason == ARCHIVED_WORDS}
    aside = quarantine.ours_kept(scene, ours).values()
    quarantine.items_release([one for one in aside if one.code == DELETED_HERE])


def _unlinked(
    scene: Scene, local_ids: Collection[int], records: Sequence[Record]
) -> tuple[set[int], set[int]]:
    """Those of these records without a link: the archived, and those that live."""
    linked = linked_ids(scene, local_ids)
    unlinked = [one for one in records if one.pk in local_ids and one.pk not in linked]
    archived = {one.pk for one in unlinked if record_is_archived(one)}
    return archived, {one.pk for one in unlinked} - archived


def _still_there(scene: Scene, local_ids: Collection[int]) -> set[int]:
    """Those of these archived records whose things, which are to be deleted, are still there."""
    if not local_ids or scene.state.on_our_delete != OurDelete.DELETE:
        return set()
    links = SyncRecord.objects.filter(
        connection=scene.connection,
        object=scene.stream.object,
        local_id__in=list(local_ids),
        state=LinkState.TOMBSTONE,
        reason=ARCHIVED_WORDS,
    )
    ours = dict(links.values_list("external_id", "local_id"))
    found = remote_read(scene, ours)
    there = {one.id for one in found.values() if not one.is_deleted}
    return {ours[one] for one in there & ours.keys()}
