"""Ends what a person let through on streams that only send: no pull ends there to do it."""

from __future__ import annotations

from django.db import transaction

from integrations.hub import registry
from integrations.hub.models import SyncDirection, SyncStage, SyncState
from integrations.hub.streams import Stream
from integrations.hub.sweeps import sweep_register
from integrations.hub.sync.counting import lines_close
from integrations.hub.sync.holds import is_waiver_over, leave_over
from integrations.hub.sync.scene import Scene, scene_of


def waiver_look(scene: Scene) -> None:
    """After a batch of a stream that only sends: was it the last of what was let through?"""
    state = scene.state
    if state.is_guard_waived and not state.is_pulled:
        _end_if_over(scene)


def waivers_sweep() -> int:
    """The same where no batch comes any more, or a stream was pulled before; how many ended.

    Raises what failed of a stream, after the others.
    """
    rows = SyncState.objects.filter(
        is_guard_waived=True,
        direction=SyncDirection.PUSH,
        stage=SyncStage.LIVE,
        connection__provider__in=registry.ids(),
    )
    states = [one for one in rows.select_related("connection__workspace") if _stream(one)]
    ended, failed = 0, None
    for state in states:
        try:
            ended += _end_if_over(scene_of(state))
        except Exception as error:  # the boundary: one stream keeps no other waiting
            failed = error
    if failed is not None:
        raise failed
    return ended


@transaction.atomic
def _end_if_over(scene: Scene) -> bool:
    """Whether it has ended; the row is locked, as a "Go on" and its jobs are one commit."""
    rows = SyncState.objects.filter(
        pk=scene.state.pk, direction=SyncDirection.PUSH, is_guard_waived=True
    )
    if rows.select_for_update(no_key=True).first() is None or not is_waiver_over(scene):
        return False
    rows.update(**leave_over())
    lines_close(scene.state)
    return True


def _stream(state: SyncState) -> Stream | None:
    return state.connection.declaration.stream(state.object)


sweep_register("sync.waivers", waivers_sweep)
