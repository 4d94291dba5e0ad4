"""Links of theirs that are blank by now: did somebody take them away, or did their thing go?

A vendor drops the links to what is deleted there, and may tell of the deletion much later, so it is
asked for the thing before ours is emptied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from django.db.models.functions import Now

from integrations.hub.errors import Conflict
from integrations.hub.mapping.lookups import LOST, Link
from integrations.hub.merge import Direction
from integrations.hub.merge.plan import BLANK
from integrations.hub.models import LinkState, SyncRecord, SyncState
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync.remote import remote_read
from integrations.hub.sync.scene import Scene, scene_of


def unsure_links(
    scene: Scene, links: Mapping[str, SyncRecord], records: Mapping[str, RemoteRecord]
) -> set[int]:
    """Those of these links, by number, that only a look of their own job can tell about."""
    if scene.stream.read is None:
        return set()
    return {
        links[name].pk
        for name in links.keys() & records.keys()
        if any(_is_unsure(scene, *one) for one in _blanked(scene, links[name], records[name]))
    }


def vanished_note(
    scene: Scene, links: Mapping[str, SyncRecord], records: Mapping[str, RemoteRecord]
) -> None:
    """Ask for what the blank links of these led to; what is not found is marked as gone.

    The mark is looked at once more before anything follows from it for the thing's own record.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for name in links.keys() & records.keys():
        for object, external_id in _blanked(scene, links[name], records[name]):
            if _is_unsure(scene, object, external_id):
                wanted[object].add(external_id)
    for object, ids in wanted.items():
        _mark(scene, object, ids)


def _blanked(scene: Scene, link: SyncRecord, record: RemoteRecord) -> Iterator[tuple[str, str]]:
    """What the blank links of theirs led to when the two sides were compared."""
    taken = {one.name for one in scene.fields if one.direction != Direction.PUSH}
    known, theirs = scene.base_of(link).theirs, None
    for row in scene.mapper.rows:
        step = row.chain.steps[0]
        before = str(known.get(row.path) or "")
        if row.path not in taken or not isinstance(step, Link) or before.startswith(LOST):
            continue
        theirs = theirs or scene.theirs(record).values
        if before and theirs.get(row.path) in BLANK:
            yield step.name, before


def _is_unsure(scene: Scene, object: str, external_id: str) -> bool:
    stream = scene.connection.declaration.stream(object)
    can_ask = stream is not None and stream.read is not None
    return can_ask and not scene.tables.links(object).is_gone(external_id)


def _mark(scene: Scene, object: str, ids: set[str]) -> None:
    states = SyncState.objects.filter(connection=scene.connection, object=object)
    state = states.select_related("connection__workspace").first()
    if state is None:
        return
    try:
        other = scene_of(state)
    except Conflict:
        return
    found = remote_read(other, sorted(ids))
    gone = [one for one in ids if one not in found or found[one].is_deleted]
    SyncRecord.objects.filter(
        connection=scene.connection,
        object=object,
        external_id__in=gone,
        state=LinkState.ACTIVE,
        gone_at=None,
    ).update(gone_at=Now())
