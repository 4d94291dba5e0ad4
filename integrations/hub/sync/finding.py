"""Looks for records of ours at the vendor that may be there already, before one is made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from integrations.hub.mapping.chain import Chain
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync.scene import Scene

# The natural key of each record as it was sent, or would be, by our id; None where it has none.
Keys = Mapping[int, Any]


def already_there(
    scene: Scene, keys: Keys, tried: Collection[int], asked: Collection[str] = ()
) -> dict[int, RemoteRecord]:
    """Those that are there already: by our id where an earlier try may have landed, else by key.

    `asked` are fields of theirs wanted besides those that are mapped now.
    """
    if scene.stream.find is None or not keys:
        return {}
    found: dict[int, RemoteRecord] = {}
    marked = {scene.id_mark(pk): pk for pk in tried}
    if marked and scene.id_marker:
        for record in _found(scene, scene.id_marker, list(marked), asked):
            pk = marked.get(str(record.values.get(scene.id_marker) or ""))
            if pk is not None:
                found[pk] = record
    rest = {pk: key for pk, key in keys.items() if pk not in found}
    return _by_key(scene, rest, asked) | found


def any_with_key(scene: Scene, key: Any) -> list[RemoteRecord]:
    """What the vendor itself takes for the same, be its key spelt otherwise."""
    return _found(scene, scene.stream.natural_key, list(_spelt(scene, {0: key})))


def _by_key(scene: Scene, keys: Keys, asked: Collection[str]) -> dict[int, RemoteRecord]:
    """Those whose natural key is there."""
    found: dict[int, RemoteRecord] = {}
    keyed = _spelt(scene, keys)
    for record in _found(scene, scene.stream.natural_key, list(keyed), asked):
        pk = keyed.get(_key(scene, record.values.get(scene.stream.natural_key)))
        if pk is not None:
            found.setdefault(pk, record)
    return found


def _spelt(scene: Scene, keys: Keys) -> dict[str, int]:
    """Our records by natural key, as the vendor spells it; two with one key are one too many."""
    spelt: dict[str, int] = {}
    for pk, key in keys.items():
        if key is not None:
            spelt.setdefault(_key(scene, key), pk)
    return spelt


def _key(scene: Scene, value: Any) -> str:
    """What was sent once is looked for though its field may be mapped no more."""
    rows = (row for row in scene.mapper.rows if row.external == scene.stream.natural_key)
    chain = next((row.chain for row in rows), Chain())
    return str(chain.canonical_theirs(value))


def _found(
    scene: Scene, key: str, values: Sequence[str], asked: Collection[str] = ()
) -> list[RemoteRecord]:
    find = scene.stream.find
    found: list[RemoteRecord] = []
    if find is None or not key or not values:
        return []
    names = tuple(dict.fromkeys((*scene.externals, key, *asked)))
    for start in range(0, len(values), scene.stream.read_size):
        some = values[start : start + scene.stream.read_size]
        found += find(scene.connection, key, some, names)
    return [one for one in found if not one.is_deleted]
