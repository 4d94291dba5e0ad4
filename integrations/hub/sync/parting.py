"""What becomes of a record of ours whose link has ended, when it comes up again.

One whose thing was deleted at the vendor stays apart: an edit of ours, days later, must not bring
back what was deleted there. One that was only archived here is linked again as it was.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from integrations.hub.models import (
    ARCHIVED_WORDS,
    DELETED_WORDS,
    MADE_AGAIN_WORDS,
    MERGED_WORDS,
    LinkState,
    SyncRecord,
)
from integrations.hub.sync import clashes
from integrations.hub.sync.scene import Scene

# After these a thing may be made for the record anew.
OPEN_WORDS: Final = frozenset({DELETED_WORDS, MADE_AGAIN_WORDS})


@dataclass
class Parted:
    """Of records without a link: those that have theirs back, and those that stay without.

    `merged` are those of the latter whose thing was merged into another's.
    """

    back: dict[int, SyncRecord] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)
    merged: set[int] = field(default_factory=set)


def parted_look(scene: Scene, local_ids: Collection[int]) -> Parted:
    """Look at how the last link of each of these living records has ended."""
    parted = Parted()
    ended = SyncRecord.objects.filter(
        connection=scene.connection,
        object=scene.stream.object,
        local_id__in=list(local_ids),
        state=LinkState.TOMBSTONE,
    )
    last = {link.local_id: link for link in ended.order_by("state_at", "pk")}
    for local_id, link in last.items():
        if link.reason == ARCHIVED_WORDS:
            parted.back[local_id] = _revived(link)
        elif link.reason not in OPEN_WORDS:
            parted.apart.add(local_id)
            if link.reason.startswith(MERGED_WORDS):
                parted.merged.add(local_id)
    return parted


@transaction.atomic
def _revived(link: SyncRecord) -> SyncRecord:
    """With its bases: what was changed meanwhile, on either side, is a change."""
    clashes.links_are_back([link.pk])
    SyncRecord.objects.filter(pk=link.pk, state=LinkState.TOMBSTONE).update(
        state=LinkState.ACTIVE, state_at=Now(), reason="", revision=F("revision") + 1
    )
    link.refresh_from_db()
    return link
