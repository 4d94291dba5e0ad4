"""A stranger that may be the answer to a make of ours which is still on its way waits a little."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from integrations.hub.models import IntentOutcome, JobKind, JobState, SyncJob, WriteIntent
from integrations.hub.sync import hinting
from integrations.hub.sync.scene import Scene

MAKE: Final = "make"
WAIT_SECONDS: Final = 10.0
# A make that has not been answered for longer, and that no job is about, is nobody's any more.
LONGEST: Final = timedelta(minutes=10)


def known_makes_apart(scene: Scene, strangers: Sequence[str]) -> tuple[list[str], list[str]]:
    """Strangers that are new for sure, and those that may be ours on their way.

    Where they keep our id a make of ours is known by it, and nobody has to wait.
    """
    is_asked_later = scene.stream.read is not None
    if not strangers or scene.id_marker or not is_asked_later or not _is_making(scene):
        return list(strangers), []
    return [], list(strangers)


def later(scene: Scene, external_ids: Sequence[str]) -> None:
    hinting.inbound_add(
        scene.connection, scene.stream.object, external_ids, after_seconds=WAIT_SECONDS
    )


def _is_making(scene: Scene) -> bool:
    """A job's retries end within minutes; where it could not run for long it comes first then."""
    waiting = SyncJob.objects.filter(
        connection=scene.connection,
        kind=JobKind.PUSH,
        record_type=scene.stream.record_type,
        record_id=OuterRef("record_id"),
        state__in=(JobState.READY, JobState.LEASED),
    )
    makes = WriteIntent.objects.filter(
        connection=scene.connection,
        kind=MAKE,
        record_type=scene.stream.record_type,
        outcome=IntentOutcome.UNKNOWN,
    )
    return makes.filter(Q(created_at__gt=Now() - LONGEST) | Exists(waiting)).exists()
