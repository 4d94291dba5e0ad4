"""The blast guard: a run that overwrites more than a set share of what we have stops and asks."""

from __future__ import annotations

from typing import Final

from django.conf import settings

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
    if told.status == RunStatus.SUCCESS:
        # A line of the hour is open for more until then.
        SyncRun.objects.filter(pk=run.pk).update(status=RunStatus.HELD)
    hold(
        scene.state,
        f"This run has overwritten {told.updated} of {linked} {scene.stream.label.lower()} and was "
        "stopped. Look at its changes: go on, or undo the run.",
    )
