"""What is worked out here of a record that came from there, such as a score: they need it, too."""

from __future__ import annotations

from collections.abc import Mapping

from crm.models import Record
from integrations.hub.merge import Base, Direction
from integrations.hub.sync.ours import records_load
from integrations.hub.sync.scene import Scene


def derived_there(scene: Scene, bases: Mapping[int, Base], versions: Mapping[int, int]) -> set[int]:
    """Those of these new records, by our id, with something to send already.

    What every new record holds by itself is nothing to tell. Only records that rules have written
    again are looked at, and all where a field is only sent.
    """
    if scene.direction == Direction.PULL:
        return set()
    is_any_sent = any(one.direction == Direction.PUSH for one in scene.fields)
    wanted = [pk for pk in bases if is_any_sent or versions[pk] > 1]
    if not wanted:
        return set()
    records = records_load(scene, wanted)
    return {pk for pk, record in records.items() if _has_news(scene, record, bases[pk])}


def _has_news(scene: Scene, record: Record, base: Base) -> bool:
    ours = scene.mapper.ours(record)
    for one in scene.fields:
        if one.direction == Direction.PULL:
            continue
        value, nothing = one.codec.canonical_ours(ours[one.name]), scene.default_of(one.name)
        known = base.ours.get(one.name)
        if value != known and value not in (None, "", one.codec.canonical_ours(nothing)):
            return True
    return False
