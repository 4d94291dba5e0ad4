"""What counting the trouble of a stream costs that is for one kind of a record only."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.db.models.functions import Now

from crm.models import Activity, Workspace
from integrations.hub.models import Connection, JobKind, JobState, SyncJob, SyncState
from integrations.hub.sync.states import states_ensure
from integrations.hub.troubles import given_up

pytestmark = pytest.mark.django_db

DEAD = 5


@pytest.fixture
def notes(workspace: Workspace) -> SyncState:
    """A stream of many notes, some of which were given up."""
    connection = Connection.objects.create(workspace=workspace, provider="hubspot", name="HubSpot")
    made = Activity.objects.bulk_create(
        Activity(workspace=workspace, kind="note", occurred_at=Now()) for _ in range(4000)
    )
    SyncJob.objects.bulk_create(
        SyncJob(
            connection=connection,
            kind=JobKind.PUSH,
            lane=note.pk,
            state=JobState.DEAD,
            record_type="activity",
            record_id=note.pk,
        )
        for note in made[:DEAD]
    )
    states_ensure(connection)
    return SyncState.objects.get(connection=connection, object="notes")


def test_given_up_work_is_counted_without_reading_all_records(notes: SyncState) -> None:
    """Also where a list of them does not fit into the memory of a query."""
    with database.cursor() as cursor:
        cursor.execute("ANALYZE crm_activity; ANALYZE hub_syncjob; SET LOCAL work_mem = '64kB'")

    plan = given_up(notes).explain()

    assert "Seq Scan on crm_activity" not in plan
    assert given_up(notes).count() == DEAD
