"""Jobs that are worked through together: nothing waits in memory, nothing is begun in vain."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pytest_django import DjangoAssertNumQueries

from crm.models import Workspace
from integrations.hub import batches, jobs, registry
from integrations.hub.batches import MOST_AT_ONCE, TURN_SECONDS, Pace
from integrations.hub.credentials import Secrets
from integrations.hub.errors import RateLimited
from integrations.hub.http.exchange import check_guard
from integrations.hub.jobs import Claimed
from integrations.hub.models import Attempt, Connection, JobState, SyncJob
from integrations.hub.policy import Action, Step
from integrations.hub.pushes import Push
from tests import factories
from tests.integrations.hub.conftest import time_passes
from tests.integrations.hub.queue import vendor

pytestmark = pytest.mark.django_db(transaction=True)

Handler = Callable[[Push], None]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[dict[int, Handler]]:
    """What is done for each record; nothing unless a test says so."""
    told: dict[int, Handler] = {}

    def push(push: Push) -> None:
        told.get(push.record_id, lambda push: None)(push)

    registry.add(replace(vendor.provider, pushes={"account": push, "contact": push}))
    yield told
    registry.remove(vendor.PROVIDER_ID)


@pytest.fixture
def scripted(workspace: Workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace,
        provider=vendor.PROVIDER_ID,
        name=factories.unique("Scripted"),
        credentials=Secrets({}),
    )


def worked(held: list[Claimed]) -> list[tuple[int, Step]]:
    told: list[tuple[int, Step]] = []
    batches.work(held, lambda claimed, step, seconds: told.append((claimed.job.record_id, step)))
    return told


def dirty(connection: Connection, *record_ids: int) -> None:
    """One after the other, so that they are worked on in this order."""
    for record_id in record_ids:
        jobs.dirty(connection.pk, "account", [record_id])


def states() -> list[str]:
    return list(SyncJob.objects.order_by("record_id").values_list("state", flat=True))


def test_jobs_with_nothing_to_send_cost_few_round_trips(
    scripted: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    jobs.dirty(scripted.pk, "account", range(1, 51))

    # The claim and what it names, the one statement that stores all, and two commits around them.
    with django_assert_num_queries(7):
        told = worked(jobs.claim_many(scripted, 50))

    assert sorted(record_id for record_id, step in told) == list(range(1, 51))
    assert set(states()) == {JobState.DONE}
    assert Attempt.objects.filter(number=1, outcome=Action.DONE).count() == 50


def test_what_is_done_is_stored_before_another_calls_the_vendor(
    scripted: Connection, handlers: dict[int, Handler]
) -> None:
    seen: list[list[str]] = []

    def calls(push: Push) -> None:
        check_guard()
        seen.append(states())

    handlers[3] = calls
    dirty(scripted, 1, 2, 3)

    worked(jobs.claim_many(scripted, 3))

    assert seen == [[JobState.DONE, JobState.DONE, JobState.LEASED]]


def test_refusal_of_one_hands_the_rest_back_as_it_was(
    scripted: Connection, handlers: dict[int, Handler]
) -> None:
    def refused(push: Push) -> None:
        raise RateLimited(after=60)

    handlers[2] = refused
    dirty(scripted, 1, 2, 3, 4)
    rest = SyncJob.objects.filter(record_id__gt=2).order_by("record_id")
    before = list(rest.values_list("run_at", "sort_at"))

    told = worked(jobs.claim_many(scripted, 4))

    assert [(record_id, step.action) for record_id, step in told] == [(2, "again"), (1, "done")]
    assert states() == [JobState.DONE, *[JobState.READY] * 3]
    assert list(rest.all().values_list("run_at", "sort_at")) == before
    assert set(rest.values_list("claims", "attempts")) == {(0, 0)}
    assert jobs.claim_many(scripted, 4) == []


def test_job_handed_back_beside_a_newer_one_steps_aside(scripted: Connection) -> None:
    dirty(scripted, 1)
    (held,) = jobs.claim_many(scripted, 1)
    dirty(scripted, 1)

    assert jobs.hand_back(held.job, held.token)

    assert list(SyncJob.objects.order_by("pk").values_list("state", flat=True)) == [
        JobState.SUPERSEDED,
        JobState.READY,
    ]


def test_many_are_handed_back_at_once_and_step_aside_each_for_itself(scripted: Connection) -> None:
    dirty(scripted, 1, 2, 3)
    held = jobs.claim_many(scripted, 3)
    dirty(scripted, 2)
    SyncJob.objects.filter(record_id=3).update(lease_token=uuid.uuid4())

    jobs.hand_back_many([(one.job, one.token) for one in held])

    found = SyncJob.objects.order_by("pk").values_list("record_id", "state", "claims")
    assert list(found) == [
        (1, JobState.READY, 0),
        (2, JobState.SUPERSEDED, 1),
        (3, JobState.LEASED, 1),  # another worker's by now
        (2, JobState.READY, 0),
    ]


def test_worker_that_was_overtaken_stores_none_of_its_jobs(
    scripted: Connection, handlers: dict[int, Handler]
) -> None:
    def slow(push: Push) -> None:
        time_passes(61)
        jobs.sweep()

    handlers[2] = slow
    dirty(scripted, 1, 2)

    told = worked(jobs.claim_many(scripted, 2))

    assert {step.action for _, step in told} == {Action.LEAVE}
    assert set(states()) == {JobState.READY}
    assert not Attempt.objects.exists()


def test_error_of_our_own_leaves_no_done_work_unstored(
    scripted: Connection, handlers: dict[int, Handler]
) -> None:
    def broken(push: Push) -> None:
        raise SystemExit

    handlers[3] = broken
    dirty(scripted, 1, 2, 3, 4)
    held = jobs.claim_many(scripted, 4)

    with pytest.raises(SystemExit):
        worked(held)

    assert states() == [JobState.DONE, JobState.DONE, JobState.LEASED, JobState.READY]


def test_poison_among_ten_is_found_without_its_neighbours(scripted: Connection) -> None:
    dirty(scripted, *range(1, 11))
    poison = 4

    def life() -> None:
        """A worker that is killed when it comes to the poison."""
        while held := jobs.claim_many(scripted, 10):
            for claimed in held:
                if claimed.job.record_id == poison:
                    return
                jobs.done(claimed.job, claimed.token)

    for _ in range(6):
        life()
        time_passes(61)
        jobs.sweep()

    dead = SyncJob.objects.get(state=JobState.DEAD)
    assert (dead.record_id, dead.reason) == (poison, "crashes_worker")
    assert SyncJob.objects.filter(state=JobState.DONE).count() == 9


def test_jobs_handed_out_together_are_of_one_kind_and_of_different_lanes(
    scripted: Connection,
) -> None:
    jobs.dirty(scripted.pk, "account", [1, 2], 300)
    jobs.dirty(scripted.pk, "contact", [1, 2], 0)

    first = jobs.claim_many(scripted, 10)
    second = jobs.claim_many(scripted, 10)

    assert [claimed.job.record_type for claimed in first] == ["account"] * 2
    assert [claimed.job.record_type for claimed in second] == ["contact"] * 2
    assert len({claimed.job.lane for claimed in first + second}) == 4


def test_pace_grows_with_quick_jobs_and_shrinks_with_slow_ones() -> None:
    pace = Pace()
    sizes = []
    for _ in range(5):
        pace.learn(pace.size, pace.size * 0.0005)
        sizes.append(pace.size)
    pace.learn(1, TURN_SECONDS)

    assert sizes == [4, 16, 64, 256, MOST_AT_ONCE]
    assert pace.size == 1
