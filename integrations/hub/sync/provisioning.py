"""The tick's round that gives each connection what its provider has: streams, people, pipelines."""

from __future__ import annotations

from integrations.hub import registry
from integrations.hub.models import Connection, ConnectionState, SyncState
from integrations.hub.sweeps import sweep_register
from integrations.hub.sync.references import references_sweep
from integrations.hub.sync.states import states_ensure


def streams_sweep() -> int:
    """A provider that gained streams since has them on its connections; how many were given."""
    count = 0
    for connection in _served():
        known = set(
            SyncState.objects.filter(connection=connection).values_list("object", flat=True)
        )
        if {stream.object for stream in connection.declaration.streams} - known:
            states_ensure(connection)
            count += 1
    return count


def people_sweep() -> int:
    """People and pipelines of the vendors, once a day for each connection at work."""
    active = [one for one in _served() if one.state == ConnectionState.ACTIVE]
    return references_sweep(active)


def _served() -> list[Connection]:
    """Connected ones whose provider keeps records in step, or has people or pipelines."""
    ids = [one.id for one in registry.all_providers() if one.streams]
    rows = Connection.objects.filter(provider__in=ids).exclude(state=ConnectionState.DISABLED)
    return list(rows.select_related("workspace").order_by("pk"))


sweep_register("streams", streams_sweep)
sweep_register("people", people_sweep)
