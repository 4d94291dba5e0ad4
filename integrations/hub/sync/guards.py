"""The blast guard: a run that overwrites more than a set share of what we have stops and asks."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import transaction

from integrations.hub.models import LinkState, RunStatus, SyncRecord, SyncRun
from integrations.hub.sync.counting import LET_THROUGH
from integrations.hub.sync.holds import hold
from integrations.hub.sync.scene import Scene

FEW: Final = 100


def overwrites_check(scene: Scene, run: SyncRun) -> None:
    """Hold the stream when the run has changed too many records of ours; all can be undone."""
    if scene.state.is_guard_waived:
        return
    # One made in a commit that was rolled back is not there.
    told = SyncRun.objects.filter(pk=run.pk).first()
    # A batch may still be at a line that a person has looked at meanwhile.
    if told is None or told.updated <= FEW or LET_THROUGH in told.details:
        return
    linked = SyncRecord.objects.filter(
        connection=scene.connection, object=scene.stream.object, state=LinkState.ACTIVE
    ).count()
    if told.updated <= linked * settings.SYNC_GUARD_OVERWRITES_PERCENT // 100:
        return
    words = (
        f"This run has overwritten {told.updated} of {linked} {scene.stream.label.lower()} and was "
        "stopped. Look at its changes: go on, or undo the run."
    )
    # One commit: a line that is closed and a stream that goes on would begin to count anew.
    with transaction.atomic():
        hold(scene.state, words)
        # A line of the hour is open for more until then.
        SyncRun.objects.filter(pk=run.pk, status=RunStatus.SUCCESS).update(status=RunStatus.HELD)
