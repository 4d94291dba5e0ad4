"""Makes and moves links set by set; who makes links of one stream does so one at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import connection as database
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Now

from integrations.hub import jobs
from integrations.hub.lanes import lane_of
from integrations.hub.merge import Base
from integrations.hub.models import ENDED_THERE, MERGED_WORDS, LinkState, SyncRecord
from integrations.hub.pace import BULK_HEAD_START_SECONDS
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import clashes
from integrations.hub.sync.heirs import tombstone_replaced
from integrations.hub.sync.scene import Scene

_INSERT: Final = """
INSERT INTO hub_syncrecord (connection_id, object, record_type, local_id, external_id, base_ours,
    base_theirs, local_version, remote_version, remote_modified_at, folded_at, problems, waits_for,
    told_at, mapping_version, seen_generation)
SELECT %(connection)s, %(object)s, %(record_type)s, given.local_id, given.external_id,
    given.base_ours, given.base_theirs, given.local_version, given.remote_version,
    given.remote_modified_at, given.folded_at, given.problems,
    ARRAY(SELECT jsonb_array_elements_text(given.waits_for)), given.told_at, %(mapping_version)s,
    %(generation)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
    local_id bigint, external_id text, base_ours jsonb, base_theirs jsonb, local_version int,
    remote_version text, remote_modified_at timestamptz, folded_at timestamptz, problems jsonb,
    waits_for jsonb, told_at jsonb)
ON CONFLICT DO NOTHING RETURNING id, external_id
"""
# The ids as one value: asked twice a page, and a hundred of them in a list take Django long.
_OF_THEIRS: Final = """
SELECT * FROM hub_syncrecord
WHERE connection_id = %s AND object = %s AND external_id = ANY(%s)
"""


@dataclass(frozen=True)
class NewLink:
    """A link to be made; with a base when both sides are in step already.

    `modified_at` is when theirs was written, by the vendor's own clock; `told_at` the same for
    fields by themselves.
    """

    local_id: int
    external_id: str
    base: Base = field(default_factory=Base)
    local_version: int = 0
    version: str = ""
    modified_at: datetime | None = None
    folded_at: str | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    waits_for: Sequence[str] = ()
    told_at: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "local_id": self.local_id,
            "external_id": self.external_id,
            "base_ours": self.base.ours,
            "base_theirs": self.base.theirs,
            "local_version": self.local_version,
            "remote_version": self.version[:100],
            "remote_modified_at": self.modified_at.isoformat() if self.modified_at else None,
            "folded_at": self.folded_at,
            "problems": self.problems,
            "waits_for": list(self.waits_for),
            "told_at": self.told_at,
        }


def linking_lock(scene: Scene) -> None:
    """Until the transaction ends nobody else makes links of this stream: two that find the same
    stranger at once would each make a record of it."""
    name = lane_of(scene.connection.pk, scene.stream.object, "linking")
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [name])


def links_insert(scene: Scene, links: Sequence[NewLink]) -> dict[str, int]:
    """The new links' numbers by external id; a side that is linked already makes none.

    Who waited for one of the linked is woken by `waiting_wake`, last in the transaction.
    """
    if not links:
        return {}
    values: dict[str, Any] = {
        "connection": scene.connection.pk,
        "object": scene.stream.object,
        "record_type": scene.stream.record_type,
        "mapping_version": scene.mapper.version,
        "generation": scene.state.generation,
        "rows": json.dumps([link.as_json() for link in links]),
    }
    with database.cursor() as cursor:
        cursor.execute(_INSERT, values)
        made = {external_id: int(pk) for pk, external_id in cursor.fetchall()}
    table = scene.tables.links(scene.stream.object)
    for link in links:
        if link.external_id in made:
            table.learn(link.external_id, link.local_id)
    return made


def waiting_wake(scene: Scene, links: Iterable[NewLink | SyncRecord]) -> None:
    """Those with a field that named one of these records, which nobody knew then.

    Jobs come after records in every transaction: a person's save locks its record first, so the
    other order would have the two wait for each other.
    """
    names = []
    for link in links:
        names.append(f"{scene.stream.object}:{link.external_id}")
        names.append(f"{scene.stream.record_type}:{link.local_id}")
    if not names:
        return
    # As one value, and with the words of its index: a page must not look through all links.
    named = Value(names, SyncRecord._meta.get_field("waits_for"))
    waiting = SyncRecord.objects.filter(connection=scene.connection, waits_for__overlap=named)
    waiting = waiting.exclude(waits_for=[])
    by_type: dict[str, list[int]] = {}
    for record_type, local_id in waiting.values_list("record_type", "local_id"):
        by_type.setdefault(record_type, []).append(local_id)
    for record_type, ids in by_type.items():
        jobs.dirty(scene.connection.pk, record_type, ids, BULK_HEAD_START_SECONDS)


def links_of(scene: Scene, external_ids: Collection[str]) -> dict[str, SyncRecord]:
    """Of these things of theirs, tombstones too, by external id."""
    if not external_ids:
        return {}
    named = [scene.connection.pk, scene.stream.object, list(external_ids)]
    return {row.external_id: row for row in SyncRecord.objects.raw(_OF_THEIRS, named)}


def linked_ids(scene: Scene, local_ids: Collection[int]) -> dict[int, SyncRecord]:
    """Of these records of ours, by our id; a tombstone is no link."""
    if not local_ids:
        return {}
    rows = SyncRecord.objects.filter(
        connection=scene.connection, object=scene.stream.object, local_id__in=list(local_ids)
    )
    return {row.local_id: row for row in rows.exclude(state=LinkState.TOMBSTONE)}


def merged_follow(
    scene: Scene, records: Sequence[RemoteRecord], links: dict[str, SyncRecord]
) -> list[SyncRecord]:
    """Point links at what their thing was merged into; those that lost their thing to another's.

    The link of the survivor stays; the others are tombstones, whose records are ours to merge.
    """
    lost: list[SyncRecord] = []
    for record in records:
        for former in record.former_ids:
            link = links.get(former)
            if link is None or link.state == LinkState.TOMBSTONE or former == record.id:
                continue
            if record.id in links and links[record.id].state != LinkState.TOMBSTONE:
                tombstone(link, f"{MERGED_WORDS} {record.id} at the vendor.")
                lost.append(link)
            else:
                _repoint(link, record.id)
                links[record.id] = link
    return lost


def tombstone(link: SyncRecord, reason: str) -> None:
    """The thing is gone for good; the row stays a while, so that a late event revives nothing."""
    tombstones_make([link.pk], reason)
    link.state = LinkState.TOMBSTONE


@transaction.atomic
def tombstones_make(link_ids: Iterable[int], reason: str) -> None:
    """The same for many."""
    ids = list(link_ids)
    away = {"away_at": Now()} if reason in ENDED_THERE else {}
    SyncRecord.objects.filter(pk__in=ids).update(
        state=LinkState.TOMBSTONE,
        state_at=Now(),
        reason=reason[:250],
        gone_at=None,
        revision=F("revision") + 1,
        **away,
    )
    clashes.links_ended(ids)


def _repoint(link: SyncRecord, external_id: str) -> None:
    """A tombstone of the survivor gives way, since the survivor is alive."""
    point = partial(
        SyncRecord.objects.filter(pk=link.pk).update,
        external_id=external_id,
        remote_version="",
        remote_modified_at=None,
        told_at={},
        theirs_pending={},
        away_at=None,
        revision=F("revision") + 1,
    )
    survivor = SyncRecord.objects.filter(
        connection=link.connection_id,
        object=link.object,
        external_id=external_id,
        state=LinkState.TOMBSTONE,
    ).first()
    tombstone_replaced(survivor, point) if survivor is not None else point()
    link.external_id = external_id
