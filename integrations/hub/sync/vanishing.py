"""Links of theirs that are blank by now: did somebody take them away, or did their thing go?

A vendor drops the links to what is deleted there, and may tell of the deletion much later, so it is
asked for the thing before ours is emptied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from integrations.hub import jobs
from integrations.hub.classification import classified
from integrations.hub.errors import HubError
from integrations.hub.mapping.lookups import Fate, Link
from integrations.hub.mapping.mapper import Row
from integrations.hub.mapping.paths import theirs_read
from integrations.hub.merge import Direction
from integrations.hub.merge.types import BLANK, LOST
from integrations.hub.models import LinkState, SyncRecord, SyncState
from integrations.hub.pace import BULK_HEAD_START_SECONDS
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync.away import away_note, found_well
from integrations.hub.sync.links import links_of
from integrations.hub.sync.remote import database_now, is_of_connection, remote_read
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
    """Ask for what the blank links of these led to; what is not there took them along.

    Nothing else follows from that before it is looked at once more.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for object, external_id in _unsure(scene, _blanked_of(scene, links, records)):
        wanted[object].add(external_id)
    for object, ids in wanted.items():
        absent, table = _ask(scene, object, ids), scene.tables.links(object)
        table.fates_doubt(ids) if absent is None else table.fates_learn(ids, absent)


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
        unsure |= {(object, one) for one in ids if table.fate_of(one) != Fate.GONE}
    return unsure


def _ask(scene: Scene, object: str, ids: set[str]) -> set[str] | None:
    """Those that are not there; what their links say is put right. None where nobody can be asked.

    Raises what is the trouble of every call now.
    """
    states = SyncState.objects.filter(connection=scene.connection, object=object)
    state = states.select_related("connection__workspace").first()
    if state is None:
        return None
    asked_at = database_now()
    try:
        other = scene_of(state)
        found = remote_read(other, sorted(ids))
    except Exception as error:
        known = classified(error, scene.connection.declaration.error)
        if is_of_connection(known) or not isinstance(error, HubError):
            raise
        return None
    absent = {one for one in ids if one not in found or found[one].is_deleted}
    links = links_of(other, ids)
    missing = [link for one, link in links.items() if one in absent]
    away_note([link.pk for link in missing])
    if not state.is_pulled:
        # No run looks once more; its own job does.
        living = [one.local_id for one in missing if one.state != LinkState.TOMBSTONE]
        jobs.dirty(scene.connection.pk, state.record_type, living, BULK_HEAD_START_SECONDS)
    there = [link for one, link in links.items() if one not in absent]
    found_well(other, there, asked_at=asked_at)
    return absent
