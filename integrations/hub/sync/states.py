"""The streams of a connection as rows: made with it, and brought into or out of service."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from crm.models import User
from integrations.hub import wake
from integrations.hub.acts import act_remember
from integrations.hub.mapping.edits import defaults_ensure
from integrations.hub.models import Connection, SyncStage, SyncState
from integrations.hub.streams import Stream


@transaction.atomic
def states_ensure(connection: Connection) -> list[SyncState]:
    """A row and a default mapping for each stream of the provider; those there stay as they are."""
    states = []
    for order, stream in enumerate(connection.declaration.streams):
        state, is_new = SyncState.objects.get_or_create(
            connection=connection, object=stream.object, defaults=_values(stream, order)
        )
        if is_new:
            defaults_ensure(connection, stream)
        states.append(state)
    return states


def stream_go_live(state: SyncState, *, actor: User | None) -> None:
    """From now on it pulls and pushes; the first pull may change as much as was shown before.

    One that only sends has no first pull, and nothing that would end such leave.
    """
    before = state.stage
    SyncState.objects.filter(pk=state.pk).update(
        stage=SyncStage.LIVE,
        is_guard_waived=state.is_pulled,
        let_through_at=Now(),
        hold_reason="",
        is_full_wanted=state.is_pulled,
        run_cursor=None,
        next_run_at=Now(),
        accepted_by=actor,
        accepted_at=Now(),
    )
    state.refresh_from_db()
    if actor is not None:
        act_remember(state, before=before, after=SyncStage.LIVE, actor=actor)
    wake.wake_on_commit()


def streams_go_live(connection: Connection, *, actor: User | None) -> None:
    """Every stream that nobody has decided about goes live."""
    for state in states_ensure(connection):
        if state.stage != SyncStage.LIVE:
            stream_go_live(state, actor=actor)


def _values(stream: Stream, order: int) -> dict[str, object]:
    shortest, longest = (int(one.total_seconds()) for one in stream.interval)
    return {
        "record_type": stream.record_type,
        "order": order,
        "direction": stream.direction.value,
        "overlap_seconds": int(stream.overlap.total_seconds()),
        "interval_seconds": shortest,
        "shortest_interval_seconds": shortest,
        "longest_interval_seconds": longest,
        "full_interval_seconds": int(stream.full_interval.total_seconds()),
        "next_run_at": timezone.now(),
    }
