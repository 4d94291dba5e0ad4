"""What people do to jobs and events stands in the ledger, with their names."""

from __future__ import annotations

import pytest

from crm.models import Change, User
from integrations.hub.errors import Conflict
from integrations.hub.inbox import event_discard, event_replay
from integrations.hub.jobs import job_discard, job_replay
from integrations.hub.models import Connection, InboxEvent, InboxState, JobState, SyncJob
from tests.integrations.hub.conftest import command_make, post_event

pytestmark = pytest.mark.django_db


def dead_job(connection: Connection) -> SyncJob:
    job = command_make(connection)
    SyncJob.objects.filter(pk=job.pk).update(state=JobState.DEAD)
    return job


def event_in(connection: Connection, state: InboxState) -> InboxEvent:
    post_event(connection, {"id": "evt_1", "kind": "account.made", "name": "Acme"})
    InboxEvent.objects.update(state=state)
    return InboxEvent.objects.get()


def acts_on(record_type: str, record_id: int) -> list[tuple[object, ...]]:
    acts = Change.objects.filter(record_type=record_type, record_id=record_id).order_by("pk")
    return [(act.workspace_id, act.actor_id, act.origin_kind, act.diff) for act in acts]


def test_replayed_job_names_who_replayed_it(connection: Connection, actor: User) -> None:
    job = dead_job(connection)

    job_replay(job, actor=actor)

    assert acts_on("syncjob", job.pk) == [
        (connection.workspace_id, actor.pk, "user", {"state": ["dead", "ready"]})
    ]


def test_job_given_up_names_who_gave_it_up(connection: Connection, actor: User) -> None:
    job = dead_job(connection)

    job_discard(job, actor=actor)

    assert acts_on("syncjob", job.pk) == [
        (connection.workspace_id, actor.pk, "user", {"state": ["dead", "discarded"]})
    ]


def test_refused_act_leaves_nothing_in_the_ledger(connection: Connection, actor: User) -> None:
    job = command_make(connection)

    with pytest.raises(Conflict):
        job_replay(job, actor=actor)

    assert acts_on("syncjob", job.pk) == []


@pytest.mark.parametrize("state", [InboxState.DEAD, InboxState.IGNORED])
def test_replayed_event_names_who_replayed_it(
    connection: Connection, actor: User, state: InboxState
) -> None:
    event = event_in(connection, state)

    event_replay(event, actor=actor)

    assert acts_on("inboxevent", event.pk) == [
        (connection.workspace_id, actor.pk, "user", {"state": [str(state), "received"]})
    ]


def test_event_given_up_names_who_gave_it_up(connection: Connection, actor: User) -> None:
    event = event_in(connection, InboxState.DEAD)

    event_discard(event, actor=actor)

    assert acts_on("inboxevent", event.pk) == [
        (connection.workspace_id, actor.pk, "user", {"state": ["dead", "discarded"]})
    ]
