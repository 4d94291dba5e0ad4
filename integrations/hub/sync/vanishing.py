"""Links of theirs that are blank by now: did somebody take them away, or did their thing go?

A vendor drops the links to what is deleted there, and may tell of the deletion much later, so it is
asked for the thing before ours is emptied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from django.db.models.functions import Now

from integrations.hub.errors import Conflict
from integrations.hub.mapping.lookups import Fate, Link
from integrations.hub.mapping.mapper import Row
from integrations.hub.mapping.paths import theirs_read
from integrations.hub.merge import Direction
from integrations.hub.merge.plan import BLANK
from integrations.hub.merge.types import LOST
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
    blanked = _blanked_of(scene, links, records)
    unsure = _unsure(scene, blanked)
    return {links[name].pk for name, led_to in blanked.items() if unsure & set(led_to)}


def vanished_note(
    scene: Scene, links: Mapping[str, SyncRecord], records: Mapping[str, RemoteRecord]
) -> None:
    """Ask for what the blank links of these led to; what is not found is marked as doubted.

    The mark is looked at once more before anything follows from it.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for object, external_id in _unsure(scene, _blanked_of(scene, links, records)):
        wanted[object].add(external_id)
    for object, ids in wanted.items():
        _mark(scene, object, ids)
        scene.tables.links(object).fates_forget()


# What a link of theirs led to: its object and id.
LedTo = tuple[str, str]


def _blanked_of(
    scene: Scene, links: Mapping[str, SyncRecord], records: Mapping[str, RemoteRecord]
) -> dict[str, list[LedTo]]:
    rows = _rows_taken(scene)
    if not rows:
        return {}
    found = {
        name: list(_blanked(scene, rows, links[name], records[name]))
        for name in links.keys() & records.keys()
    }
    return {name: led_to for name, led_to in found.items() if led_to}


def _rows_taken(scene: Scene) -> list[tuple[Row, str]]:
    """The mapping's links that are taken over, each with the object it leads to."""
    taken = {one.name for one in scene.fields if one.direction != Direction.PUSH}
    rows = [(row, row.chain.steps[0]) for row in scene.mapper.rows if row.path in taken]
    return [(row, step.name) for row, step in rows if isinstance(step, Link)]


def _blanked(
    scene: Scene, rows: Sequence[tuple[Row, str]], link: SyncRecord, record: RemoteRecord
) -> Iterator[LedTo]:
    """What the blank links of theirs led to when the two sides were compared."""
    before = scene.base_of(link).theirs
    for row, object in rows:
        known = str(before.get(row.path) or "")
        is_blank = theirs_read(record.values, row.external) in BLANK
        if known and is_blank and not known.startswith(LOST):
            yield object, known


def _unsure(scene: Scene, blanked: Mapping[str, Sequence[LedTo]]) -> set[LedTo]:
    """What may be gone without anybody having heard of it, of all that can be asked for."""
    by_object: dict[str, set[str]] = defaultdict(set)
    for led_to in blanked.values():
        for object, external_id in led_to:
            by_object[object].add(external_id)
    unsure: set[LedTo] = set()
    for object, ids in by_object.items():
        stream = scene.connection.declaration.stream(object)
        if stream is None or stream.read is None:
            continue
        table = scene.tables.links(object)
        table.fates_load(ids)
        unsure |= {(object, one) for one in ids if table.fate_of(one) == Fate.THERE}
    return unsure


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
