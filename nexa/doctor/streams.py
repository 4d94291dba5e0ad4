"""Each stream of each connection: in step, or why not; and whether the hub's promises hold."""

from __future__ import annotations

from django.db import DatabaseError
from django.urls import reverse

from integrations.hub.health import StreamHealth, stream_health
from integrations.hub.hub_check import hub_check
from integrations.hub.models import ConnectionState, SyncStage, SyncState
from nexa.doctor.finding import Finding

PART = "Sync"
MOST = 50


def streams_found() -> list[Finding]:
    """A line for each stream, the ones in need first, and one for the promises."""
    try:
        rows = SyncState.objects.exclude(connection__state=ConnectionState.DISABLED)
        states = list(rows.select_related("connection__workspace").order_by("connection", "order"))
        looked = [(state, stream_health(state)) for state in states]
        promises = _promises()
    except DatabaseError:
        return [Finding(PART, "not looked at: no database", "Mend the database first.")]
    looked.sort(key=lambda one: one[1].tone not in ("err", "warn"))
    found = [_line(state, health) for state, health in looked[:MOST]]
    more = len(looked) - MOST
    rest = [Finding(PART, f"{more} more streams; see Streams in the console")] if more > 0 else []
    return [*found, *rest, promises] if looked else [promises]


def _line(state: SyncState, health: StreamHealth) -> Finding:
    share = "" if health.percent is None else f", {health.percent} % when last compared"
    said = f"{state}: {health.label.lower()}{share}"
    if health.tone in ("err", "warn"):
        return Finding(PART, f"{said}. {' '.join(health.reasons)}", _mend(state, health))
    return Finding(PART, said)


def _mend(state: SyncState, health: StreamHealth) -> str:
    if health.conflicts and len(health.reasons) == 1:
        return f"Decide under {reverse('hub:conflict_list')}?connection={state.connection_id}"
    if state.hold_reason and state.stage == SyncStage.LIVE:
        return f"Decide on its page: /integrations/streams/{state.pk}/"
    return (
        f"Look at /integrations/streams/{state.pk}/, or run manage.py reconcile "
        f"--connection {state.connection_id} --object {state.object} --repair."
    )


def _promises() -> Finding:
    broken = hub_check()
    if not broken:
        return Finding(PART, "every promise that tables can tell of holds")
    words = "; ".join(
        f"connection {one.connection_id}: {one.count} {one.words} ({one.name})" for one in broken
    )
    return Finding(PART, words, "Start the workers; if it stays, compare and mend the streams.")
