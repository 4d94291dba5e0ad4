"""Things of theirs that were gone and are there again: their links come back as they were.

Only what the hub itself ended because of their deletion comes back; what a person archived here,
or what the law had erased, stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from crm.choices import ChangeAction, OriginKind
from crm.models import Change, Record
from crm.services.entities import services_of
from integrations.hub.models import GONE_WORDS, MADE_AGAIN_WORDS, LinkState, SyncRecord
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import clashes
from integrations.hub.sync.links import linked_ids, linking_lock
from integrations.hub.sync.matching import record_is_archived
from integrations.hub.sync.page import Source, ThereAgain
from integrations.hub.sync.scene import Scene


class News(StrEnum):
    """What is said of a thing whose link has ended."""

    SURE = "sure"  # it is there again
    EARLY = "early"  # it may be what was there before, as it is so soon
    OLD = "old"  # nothing new


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
) -> ThereAgain:
    """Put the links of `records` that are there again back into service, in `links` too.

    Their bases stay, so that what either side changed meanwhile is a change. One whose record is
    linked with another thing by now leaves `links`: it is a stranger. What a list alone says is not
    believed where the vendor can be asked: it is looked at. What may be old is looked at later, for
    nobody may ever tell of it again.
    """
    ended = {
        links[one].pk: links[one]
        for one in records
        if one in links and _is_ended_by_them(links[one])
    }
    if not ended:
        return ThereAgain()
    news = {
        pk: _news(scene, link, records[link.external_id], read_at, source)
        for pk, link in ended.items()
    }
    sure = [ended[pk] for pk, one in news.items() if one == News.SURE]
    again = ThereAgain()
    if scene.stream.read is not None:
        again.later = _wanted(scene, [ended[pk] for pk, one in news.items() if one == News.EARLY])
        if source == Source.LISTED:
            again.doubted = _wanted(scene, sure)
            return again
    again.back = _back(scene, links, sure) if sure else []
    return again


def _wanted(scene: Scene, links: Collection[SyncRecord]) -> list[str]:
    found = returned_look(scene, links)
    return sorted(one.external_id for one in links if one.pk in {*found.back, *found.strangers})


def _back(
    scene: Scene, links: dict[str, SyncRecord], ended: Collection[SyncRecord]
) -> list[SyncRecord]:
    linking_lock(scene)
    found = returned_look(scene, ended)
    _strangers_part(links, [one for one in ended if one.pk in found.strangers])
    _revive(scene, found)
    back = [one for one in ended if one.pk in found.back]
    for one in back:
        one.refresh_from_db()
    return back


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


def _news(
    scene: Scene,
    link: SyncRecord,
    record: RemoteRecord,
    read_at: datetime,
    source: Source,
) -> News:
    """Whether this says that the thing is there now: lists lag behind, and events come late.

    What was written after the link had ended is no echo of what was there before. While theirs is
    made again, though, the make that is on its way must not meet a link.
    """
    if link.state_at is None:
        return News.OLD
    written_at = scene.modified_at(record)
    is_written_since = written_at is not None and written_at > link.state_at
    if source == Source.TOLD:
        return News.SURE if is_written_since else News.OLD
    is_settled = read_at - link.state_at > timedelta(seconds=scene.state.overlap_seconds)
    is_new = is_written_since and read_at > link.state_at and link.reason == GONE_WORDS
    return News.SURE if is_settled or is_new else News.EARLY


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
