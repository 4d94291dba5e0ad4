"""What follows here when two things were merged at the vendor, wherever that comes to light."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from django.db import transaction

from integrations.hub import jobs
from integrations.hub.models import LinkState, SyncRecord
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import quarantine
from integrations.hub.sync.links import (
    NewLink,
    linked_ids,
    linking_lock,
    links_of,
    merged_follow,
    waiting_wake,
)
from integrations.hub.sync.matching import strangers_known
from integrations.hub.sync.quarantine import Trouble
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.tries import matched_link

MERGED: Final = "merged"
WORDS: Final = "Its counterpart was merged into another's: merge the two records here as well."


def merges_follow(
    scene: Scene, records: Sequence[RemoteRecord], links: dict[str, SyncRecord]
) -> list[NewLink]:
    """Links lead to the survivors; a record of ours that lost its thing to another's is set aside,
    and keeps its own values. The links that were made of survivors, which `links` get too.

    A survivor that nobody is linked with, which may have a new id, may be one of ours all the
    same. If another's link led to it, that one would take over who it is: we would have it twice.
    """
    new = _survivors_new(records, links)
    known = strangers_known(scene, new)
    made = _survivors_link(scene, new, known)
    links |= links_of(scene, [link.external_id for link in made])
    ordered = [_own_first(one, links, known.get(one.id)) for one in records]
    merged_keep(scene, [link.local_id for link in merged_follow(scene, ordered, links)])
    return made


def _survivors_link(
    scene: Scene, survivors: Sequence[RemoteRecord], known: Mapping[str, int]
) -> list[NewLink]:
    if not known:
        return []
    linking_lock(scene)
    linked = linked_ids(scene, set(known.values()))
    matched = {one: local_id for one, local_id in known.items() if local_id not in linked}
    return matched_link(scene, matched, {one.id: one for one in survivors})


def _own_first(
    record: RemoteRecord, links: Mapping[str, SyncRecord], local_id: int | None
) -> RemoteRecord:
    """Of what was merged into it, the thing of the record of ours that it is comes first."""
    own = {old for old in record.former_ids if old in links and links[old].local_id == local_id}
    return replace(
        record, former_ids=tuple(sorted(record.former_ids, key=lambda old: old not in own))
    )


def merged_keep(scene: Scene, local_ids: Iterable[int]) -> None:
    """These wait for a person: whoever archives one takes it off the list, and may restore it."""
    quarantine.ours_keep(scene, dict.fromkeys(local_ids, Trouble(MERGED, WORDS)))


def _survivors_new(
    records: Sequence[RemoteRecord], links: Mapping[str, SyncRecord]
) -> list[RemoteRecord]:
    """Those without a link, into which something was merged that has one."""
    return [
        one
        for one in records
        if one.id not in links
        and any(links[old].state != LinkState.TOMBSTONE for old in one.former_ids if old in links)
    ]


@transaction.atomic
def merges_met(scene: Scene, met: Mapping[str, RemoteRecord]) -> None:
    """A look at these ids was answered with what they were merged into.

    Those whose links lead on are looked at anew, since what was planned was about another thing.
    """
    linking_lock(scene)
    survivors = {one.id: one for one in met.values()}
    former = [old for one in survivors.values() for old in one.former_ids]
    links = links_of(scene, {*met, *survivors, *former})
    followed = [links[old] for old in {*met, *former} if old in links]
    made = merges_follow(scene, list(survivors.values()), links)
    left = [link.local_id for link in followed if link.state != LinkState.TOMBSTONE]
    left += [link.local_id for link in made]
    if left:
        jobs.dirty(scene.connection.pk, scene.stream.record_type, left)
    waiting_wake(scene, made)
