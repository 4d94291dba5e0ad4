"""Things of theirs that were gone and are there again: their links come back as they were.

Only what the hub itself ended because of their deletion comes back; what a person archived here,
or what the law had erased, stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from crm.choices import ChangeAction, OriginKind
from crm.models import Change, Record
from crm.services.entities import services_of
from integrations.hub.models import LinkState, SyncRecord
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import clashes
from integrations.hub.sync.links import linked_ids, linking_lock
from integrations.hub.sync.matching import record_is_archived
from integrations.hub.sync.page import Source
from integrations.hub.sync.parting import GONE_WORDS, MADE_AGAIN_WORDS
from integrations.hub.sync.scene import Scene


@dataclass
class Returned:
    """Of links that ended: `back` with our record each, and those whose record has another now."""

    back: dict[int, Record] = field(default_factory=dict)
    strangers: set[int] = field(default_factory=set)


def returned_look(scene: Scene, links: Collection[SyncRecord]) -> Returned:
    """Which of these links would come back, now that their things are there."""
    ended = [link for link in links if _is_ended_by_them(link)]
    found = Returned()
    if not ended:
        return found
    ids = {link.local_id for link in ended}
    linked = linked_ids(scene, ids)
    rows: Any = scene.model._default_manager.filter(
        workspace_id=scene.connection.workspace_id, pk__in=ids
    )
    records: dict[int, Record] = {row.pk: row for row in rows}
    archived = [pk for pk, record in records.items() if record_is_archived(record)]
    by_us = _archived_by(scene, archived)
    for link in ended:
        record = records.get(link.local_id)
        if link.local_id in linked:
            found.strangers.add(link.pk)
        elif record is not None and (link.local_id in by_us or not record_is_archived(record)):
            found.back[link.pk] = record
    return found


def returned_take(
    scene: Scene,
    links: dict[str, SyncRecord],
    records: Mapping[str, RemoteRecord],
    *,
    read_at: datetime,
    source: Source,
) -> list[str]:
    """Put the links of `records` that are there again back into service, in `links` too.

    Their bases stay, so that what either side changed meanwhile is a change. One whose record is
    linked with another thing by now leaves `links`: it is a stranger. What a list alone says is not
    believed where the vendor can be asked: those ids are returned, to be looked at.
    """
    ended = _ended(scene, links, records, read_at, source)
    if not any(_is_ended_by_them(link) for link in ended.values()):
        return []
    if source == Source.LISTED and scene.stream.read is not None:
        found = returned_look(scene, ended.values())
        return sorted(ended[pk].external_id for pk in {*found.back, *found.strangers})
    linking_lock(scene)
    found = returned_look(scene, ended.values())
    _strangers_part(links, [ended[pk] for pk in found.strangers])
    _revive(scene, found)
    for pk in found.back:
        ended[pk].refresh_from_db()
    return []


def _strangers_part(links: dict[str, SyncRecord], strangers: Iterable[SyncRecord]) -> None:
    """They stay for what is remembered of them, by another name: of one thing there is one link."""
    for link in strangers:
        former = f"{link.external_id[:200]} until {link.pk}"
        SyncRecord.objects.filter(pk=link.pk).update(external_id=former)
        del links[link.external_id]


def _revive(scene: Scene, found: Returned) -> None:
    for record in found.back.values():
        if record_is_archived(record):
            services_of(scene.model).restore(record, origin=scene.origin)
    clashes.links_are_back(found.back)
    SyncRecord.objects.filter(pk__in=list(found.back)).update(
        state=LinkState.ACTIVE, state_at=Now(), reason="", gone_at=None, revision=F("revision") + 1
    )


def _ended(
    scene: Scene,
    links: Mapping[str, SyncRecord],
    records: Mapping[str, RemoteRecord],
    read_at: datetime,
    source: Source,
) -> dict[int, SyncRecord]:
    """Links of these records that ended before it was said that they are there."""
    wait = timedelta(seconds=scene.state.overlap_seconds)
    return {
        link.pk: link
        for external_id, link in links.items()
        if external_id in records
        and link.state == LinkState.TOMBSTONE
        and _is_news(link, scene.modified_at(records[external_id]), read_at, wait, source)
    }


def _is_news(
    link: SyncRecord,
    written_at: datetime | None,
    read_at: datetime,
    wait: timedelta,
    source: Source,
) -> bool:
    """Whether this says that the thing is there now: lists lag behind, and events come late."""
    if link.state_at is None:
        return False
    if source == Source.TOLD:
        return written_at is not None and written_at > link.state_at
    return read_at - link.state_at > wait


def _is_ended_by_them(link: SyncRecord) -> bool:
    is_theirs = link.reason in (GONE_WORDS, MADE_AGAIN_WORDS)
    return link.state == LinkState.TOMBSTONE and is_theirs and not link.is_erased


def _archived_by(scene: Scene, local_ids: Collection[int]) -> set[int]:
    """Those of these archived records that this connection itself has archived."""
    last = (
        Change.objects.filter(
            workspace_id=scene.connection.workspace_id,
            record_type=scene.stream.record_type,
            record_id__in=list(local_ids),
            action=ChangeAction.DELETED,
        )
        .order_by("record_id", "-id")
        .distinct("record_id")
    )
    return {
        change.record_id
        for change in last
        if change.origin_kind == OriginKind.CONNECTION
        and change.origin_id.partition(":")[0] == str(scene.connection.pk)
    }
