"""What follows here when two things were merged at the vendor, wherever that comes to light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.db import transaction

from integrations.hub import jobs
from integrations.hub.models import LinkState, SyncRecord
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import quarantine
from integrations.hub.sync.links import linking_lock, links_of, merged_follow
from integrations.hub.sync.quarantine import Trouble
from integrations.hub.sync.scene import Scene

MERGED: Final = "merged"
WORDS: Final = "Its counterpart was merged into another's: merge the two records here as well."


def merges_follow(
    scene: Scene, records: Sequence[RemoteRecord], links: dict[str, SyncRecord]
) -> None:
    """Links lead to the survivors; a record of ours that lost its thing to another's is set aside,
    and keeps its own values."""
    lost = merged_follow(scene, records, links)
    quarantine.ours_keep(scene, {link.local_id: Trouble(MERGED, WORDS) for link in lost})


@transaction.atomic
def merges_met(scene: Scene, met: Mapping[str, RemoteRecord]) -> None:
    """A look at these ids was answered with what they were merged into.

    Those whose links lead on are looked at anew, since what was planned was about another thing.
    """
    linking_lock(scene)
    survivors = {one.id: one for one in met.values()}
    links = links_of(scene, [*met, *survivors])
    followed = [links[former] for former in met if former in links]
    merges_follow(scene, list(survivors.values()), links)
    left = [link.local_id for link in followed if link.state != LinkState.TOMBSTONE]
    if left:
        jobs.dirty(scene.connection.pk, scene.stream.record_type, left)
