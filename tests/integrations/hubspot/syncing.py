"""A connection that keeps HubSpot in step over real sockets, and acts of people on both sides."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Now

from crm.models import User, Workspace
from integrations.hub.connections import connection_create
from integrations.hub.mapping.people import owners_pull
from integrations.hub.mapping.pipelines import pipelines_pull
from integrations.hub.models import Connection, SyncRecord, SyncState
from integrations.hub.pump import pump
from integrations.hub.sync.states import states_ensure, stream_go_live
from integrations.hubspot.sandbox import sandbox as app
from tests.integrations.hub.conftest import time_passes
from tests.integrations.hubspot.keeping import Portal
from tests.sandbox import RunningSandbox

SECONDS = 60.0
WRITES = ("/batch/create", "/batch/update", "/batch/upsert", "/batch/archive")


def live_portal(workspace: Workspace, actor: User, sandbox: RunningSandbox) -> Portal:
    """Connected as a person would, with every stream live and nothing pulled yet."""
    connection = connection_create(
        workspace=workspace,
        provider_id="hubspot",
        name="HubSpot",
        credentials=app.demo_credentials,
        settings={"crm_version": "v3"},
        actor=actor,
    )
    assert not connection.attention, connection.attention
    states_ensure(connection)
    owners_pull(connection)
    pipelines_pull(connection)
    for state in SyncState.objects.filter(connection=connection):
        stream_go_live(state, actor=None)
    connection.refresh_from_db()
    return Portal(connection, sandbox)


def pull(portal: Portal, *objects: str, is_full: bool = False) -> None:
    """Every stream, or those named, and what follows from it."""
    states = SyncState.objects.filter(connection=portal.connection)
    states = states.filter(object__in=objects) if objects else states
    states.update(next_run_at=Now(), **({"is_full_wanted": True} if is_full else {}))
    work()


def work() -> None:
    """All that is due, retries within the next minute included."""
    pump(SECONDS)
    time_passes(70)
    pump(SECONDS)


def delivered(portal: Portal) -> None:
    """The web-hooks are here, and what they tell is done."""
    assert portal.sandbox.wait_delivered()
    work()


def link(connection: Connection, record: Any, object: str) -> SyncRecord:
    return SyncRecord.objects.get(connection=connection, object=object, local_id=record.pk)


def writes_in(calls: Any) -> dict[str, int]:
    """The requests that change records or links."""
    return {path: count for path, count in calls.items() if path.endswith(WRITES)}
