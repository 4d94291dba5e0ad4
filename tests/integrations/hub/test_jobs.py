"""Lanes and leases: two workers never hold one lane, and an overtaken one writes nothing."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest

from crm.models import Workspace
from integrations.hub import jobs
from integrations.hub.errors import LeaseLost
from integrations.hub.execution import execute
from integrations.hub.jobs import Claimed
from integrations.hub.models import Attempt, Connection, JobKind, JobState, SyncJob
from integrations.hub.policy import Action
from tests.integrations.hub.conftest import (
    account_make,
    command_make,
    connection_make,
    in_threads,
    time_passes,
)
from tests.integrations.hub.echo import EchoVendor

pytestmark = pytest.mark.django_db(transaction=True)


def claimed_of(connection: Connection) -> Claimed:
    claimed = jobs.claim(connection.pk)
    assert claimed is not None
    return claimed


def test_claim_hands_each_job_to_one_of_many_workers(connection: Connection) -> None:
    made = {command_make(connection).pk for _ in range(24)}

    def work(number: int) -> list[int]:
        taken = []
        misses = 0
        while misses < 3:
            claimed = jobs.claim(connection.pk)
            if claimed is None:
                misses += 1
                continue
            taken.append(claimed.job.pk)
        return taken

    taken = Counter(pk for result in in_threads(4, work) for pk in result)

    assert set(taken) == made
    assert set(taken.values()) == {1}


def test_claim_never_leases_a_lane_twice(connection: Connection) -> None:
    account = account_make(connection.workspace)
    for _ in range(8):
        command_make(connection, account)

    claims = in_threads(4, lambda number: jobs.claim(connection.pk))

    assert len([claimed for claimed in claims if claimed is not None]) == 1
    assert SyncJob.objects.filter(state=JobState.LEASED).count() == 1


def test_claim_takes_only_what_is_due(connection: Connection) -> None:
    job = command_make(connection)
    time_passes(-60)

    assert jobs.claim(connection.pk) is None
    time_passes(60)

    assert claimed_of(connection).job.pk == job.pk


def test_foreign_token_finishes_nothing(connection: Connection) -> None:
    job = claimed_of_new(connection).job
    stranger = uuid.uuid4()

    assert not jobs.done(job, stranger)
    assert not jobs.dead(job, stranger, reason="x", code="x", error="x")
    assert not jobs.again(job, stranger, after_seconds=0, is_counted=True, code="x", error="x")

    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.LEASED, 0)


def claimed_of_new(connection: Connection) -> Claimed:
    command_make(connection)
    return claimed_of(connection)


def test_expired_lease_is_taken_back_and_the_old_holder_writes_nothing(
    connection: Connection, vendor: EchoVendor
) -> None:
    slow = claimed_of_new(connection)
    time_passes(61)

    assert jobs.sweep() == 1
    quick = claimed_of(connection)
    assert quick.job.pk == slow.job.pk
    with pytest.raises(LeaseLost):
        jobs.renew(slow)
    step = execute(slow)

    assert step.action == Action.LEAVE
    assert vendor.calls("/things") == 0
    assert not Attempt.objects.exists()
    assert execute(quick).action == Action.DONE


def test_lease_that_is_renewed_is_kept(connection: Connection) -> None:
    claimed = claimed_of_new(connection)
    time_passes(50)
    jobs.renew(claimed)
    time_passes(50)

    assert jobs.sweep() == 0
    assert jobs.done(claimed.job, claimed.token)


def test_job_that_took_three_workers_with_it_is_dead(connection: Connection) -> None:
    job = command_make(connection)
    other = command_make(connection)

    for _ in range(3):
        SyncJob.objects.filter(pk=other.pk).update(state=JobState.DISCARDED)
        assert claimed_of(connection).job.pk == job.pk
        time_passes(61)
        jobs.sweep()

    job.refresh_from_db()
    assert (job.state, job.reason) == (JobState.DEAD, "crashes_worker")
    assert job.attempts == 0


def test_dirty_records_are_one_job_however_often(connection: Connection) -> None:
    account = account_make(connection.workspace)

    in_threads(4, lambda number: [dirty(connection, account.pk) for _ in range(10)])

    assert SyncJob.objects.get().kind == JobKind.PUSH


def dirty(connection: Connection, pk: int) -> None:
    jobs.dirty(connection.pk, "account", [pk])


def test_retry_beside_a_newer_sibling_steps_aside(connection: Connection) -> None:
    account = account_make(connection.workspace)
    dirty(connection, account.pk)
    claimed = claimed_of(connection)
    dirty(connection, account.pk)

    jobs.again(
        claimed.job, claimed.token, after_seconds=8, is_counted=True, code="transient", error="no"
    )

    old, new = SyncJob.objects.order_by("pk")
    assert (old.state, new.state) == (JobState.SUPERSEDED, JobState.READY)
    assert new.attempts == 1
    assert new.run_at > new.created_at


def test_expired_lease_beside_a_newer_sibling_steps_aside(connection: Connection) -> None:
    account = account_make(connection.workspace)
    dirty(connection, account.pk)
    claimed_of(connection)
    dirty(connection, account.pk)
    time_passes(61)

    jobs.sweep()

    assert list(SyncJob.objects.order_by("pk").values_list("state", flat=True)) == [
        JobState.SUPERSEDED,
        JobState.READY,
    ]


def test_hot_record_cannot_defeat_its_own_back_off(connection: Connection) -> None:
    account = account_make(connection.workspace)
    dirty(connection, account.pk)
    claimed = claimed_of(connection)
    jobs.again(
        claimed.job, claimed.token, after_seconds=16, is_counted=True, code="transient", error="no"
    )
    before = SyncJob.objects.get().run_at

    dirty(connection, account.pk)

    assert SyncJob.objects.get().run_at == before
    assert jobs.claim(connection.pk) is None


def test_interactive_work_overtakes_bulk_work(connection: Connection) -> None:
    bulk = [account_make(connection.workspace).pk for _ in range(3)]
    jobs.dirty(connection.pk, "account", bulk, -60)
    command = command_make(connection)

    assert claimed_of(connection).job.pk == command.pk


def test_connection_that_waited_longest_is_served_next(
    connection: Connection, workspace: Workspace
) -> None:
    other = connection_make(workspace)
    for _ in range(5):
        command_make(connection)
    command_make(other)

    turns = [jobs.connection_next() for _ in range(4)]

    assert sorted(turns[:2]) == sorted(turns[2:]) == sorted([connection.pk, other.pk])


@pytest.mark.parametrize("state", ["paused", "auth_failed", "disabled"])
def test_connection_that_is_not_active_is_not_served(connection: Connection, state: str) -> None:
    command_make(connection)
    Connection.objects.update(state=state)

    assert jobs.connection_next() is None
