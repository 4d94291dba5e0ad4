"""Sets aside what a stream cannot take over or send, with its reason; the rest goes on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection as database

from integrations.hub.models import QuarantinedItem
from integrations.hub.streams import LONGEST_ID
from integrations.hub.sync.scene import Scene

AMBIGUOUS: Final = "ambiguous"
DELETED_HERE: Final = "deleted_here"
DUPLICATE: Final = "duplicate"
INVALID: Final = "invalid"
REQUIRED: Final = "required"

_BEGINNING: Final = 200
# The database and Python read it alike.
SHORTENED: Final = rf"^.{{{_BEGINNING}}}… [0-9a-f]{{12}}$"
_SHORTENED: Final = re.compile(SHORTENED, re.DOTALL)

_KEEP: Final = """
INSERT INTO hub_quarantineditem AS q
    (connection_id, object, record_type, external_id, local_id, code, message, fields)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT {target} DO UPDATE SET code = excluded.code, message = excluded.message,
    fields = excluded.fields, tries = q.tries + 1, last_at = statement_timestamp()
"""
_BY_THEIRS: Final = _KEEP.format(
    target="(connection_id, object, external_id) WHERE external_id <> ''"
)
_BY_OURS: Final = _KEEP.format(target="(connection_id, object, local_id) WHERE external_id = ''")
_RELEASE: Final = "DELETE FROM hub_quarantineditem WHERE connection_id = %s AND object = %s"
_RELEASE_THEIRS: Final = f"{_RELEASE} AND external_id = ANY(%s)"
_RELEASE_OURS: Final = f"{_RELEASE} AND external_id = '' AND local_id = ANY(%s)"


@dataclass(frozen=True)
class Trouble:
    """Why one item is set aside."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


TOO_LONG: Final = Trouble(INVALID, "Its id there is too long.")


def theirs_keep(scene: Scene, troubles: Mapping[str, Trouble]) -> None:
    """By external id; the same item again counts as one more try."""
    rows = [(_name(external_id), None, trouble) for external_id, trouble in troubles.items()]
    _keep(scene, _BY_THEIRS, rows)


def ours_keep(scene: Scene, troubles: Mapping[int, Trouble]) -> None:
    """By our id, of records that have no link."""
    _keep(scene, _BY_OURS, [("", local_id, trouble) for local_id, trouble in troubles.items()])


def theirs_kept(scene: Scene, external_ids: Collection[str]) -> dict[str, QuarantinedItem]:
    """Those of these things that are set aside, by external id."""
    names = {_name(one): one for one in external_ids}
    rows = QuarantinedItem.objects.filter(
        connection=scene.connection, object=scene.stream.object, external_id__in=list(names)
    )
    return {names[row.external_id]: row for row in rows}


def ours_kept(scene: Scene, local_ids: Collection[int]) -> dict[int, QuarantinedItem]:
    """Those of these records that are set aside, by our id."""
    if not local_ids:
        return {}
    rows = QuarantinedItem.objects.filter(
        connection=scene.connection,
        object=scene.stream.object,
        external_id="",
        local_id__in=list(local_ids),
    )
    return {row.local_id: row for row in rows if row.local_id is not None}


def items_release(items: Collection[QuarantinedItem]) -> None:
    """They are settled; one that was set aside anew since it was read stays."""
    for item in items:
        QuarantinedItem.objects.filter(pk=item.pk, tries=item.tries).delete()


def release(
    scene: Scene, *, external_ids: Collection[str] = (), local_ids: Collection[int] = ()
) -> None:
    """They have gone through."""
    if not external_ids and not local_ids:
        return
    named: list[Any] = [scene.connection.pk, scene.stream.object]
    with database.cursor() as cursor:
        if external_ids:
            cursor.execute(_RELEASE_THEIRS, [*named, [_name(one) for one in external_ids]])
        if local_ids:
            cursor.execute(_RELEASE_OURS, [*named, list(local_ids)])


def is_shortened(name: str) -> bool:
    """Whether an item's name is but the beginning of its id: nobody can be asked for that."""
    return _SHORTENED.fullmatch(name) is not None


def _name(external_id: str) -> str:
    """An id that no link can hold is set aside by its beginning, and a digest to tell it apart."""
    if len(external_id) <= LONGEST_ID:
        return external_id
    digest = hashlib.sha256(external_id.encode("utf-8", "replace")).hexdigest()
    return f"{external_id[:_BEGINNING]}… {digest[:12]}"


def _keep(scene: Scene, statement: str, rows: Sequence[tuple[str, int | None, Trouble]]) -> None:
    if not rows:
        return
    named = (scene.connection.pk, scene.stream.object, scene.stream.record_type)
    with database.cursor() as cursor:
        cursor.executemany(
            statement,
            [
                (*named, external_id, local_id, one.code[:40], one.message, list(one.fields))
                for external_id, local_id, one in rows
            ],
        )
