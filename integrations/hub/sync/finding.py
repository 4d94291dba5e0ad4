"""Looks for records of ours at the vendor that may be there already, before one is made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from integrations.hub.merge import Sent
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync.scene import Scene

# What would be sent of each record, by our id and path.
Sending = Mapping[int, Mapping[str, Sent]]


def already_there(
    scene: Scene, sending: Sending, tried: Collection[int]
) -> dict[int, RemoteRecord]:
    """Those that are there already: by our id where an earlier try may have landed, else by key."""
    if scene.stream.find is None or not sending:
        return {}
    found: dict[int, RemoteRecord] = {}
    marked = {scene.id_mark(pk): pk for pk in tried}
    if marked and scene.id_marker:
        for record in _found(scene, scene.id_marker, list(marked)):
            pk = marked.get(str(record.values.get(scene.id_marker) or ""))
            if pk is not None:
                found[pk] = record
    rest = {pk: sent for pk, sent in sending.items() if pk not in found}
    return _by_key(scene, rest) | found


def any_with_key(scene: Scene, sent: Mapping[str, Sent]) -> list[RemoteRecord]:
    """What the vendor itself takes for the same, be its key spelt otherwise."""
    return _found(scene, scene.stream.natural_key, list(_keys(scene, {0: sent})))


def _by_key(scene: Scene, sending: Sending) -> dict[int, RemoteRecord]:
    """Those whose natural key is there."""
    found: dict[int, RemoteRecord] = {}
    keyed = _keys(scene, sending)
    for record in _found(scene, scene.stream.natural_key, list(keyed)):
        pk = keyed.get(_key(scene, record.values.get(scene.stream.natural_key)))
        if pk is not None:
            found.setdefault(pk, record)
    return found


def _keys(scene: Scene, sending: Sending) -> dict[str, int]:
    """Our records by natural key, as the vendor spells it; two with one key are one too many."""
    path = scene.natural_path
    keys: dict[str, int] = {}
    for pk, fields in sending.items():
        sent = fields.get(path) if path else None
        if sent is not None:
            keys.setdefault(_key(scene, sent.sent), pk)
    return keys


def _key(scene: Scene, value: Any) -> str:
    codec = next(one.codec for one in scene.fields if one.name == scene.natural_path)
    return str(codec.canonical_theirs(value))


def _found(scene: Scene, key: str, values: Sequence[str]) -> list[RemoteRecord]:
    find = scene.stream.find
    found: list[RemoteRecord] = []
    if find is None or not key or not values:
        return []
    for start in range(0, len(values), scene.stream.read_size):
        some = values[start : start + scene.stream.read_size]
        found += find(scene.connection, key, some, scene.externals)
    return [one for one in found if not one.is_deleted]
