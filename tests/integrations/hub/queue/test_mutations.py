"""The gate: the queue's model checker must catch the faults that queues like this have had.

A checker that passes everything proves nothing. The faults are added around the engine, which
itself runs as it is.
"""

from __future__ import annotations

import uuid

import pytest
from django.db.models import F
from django.db.models.functions import Now
from hypothesis.stateful import run_state_machine_as_test as machine_run

from crm.models import Workspace
from integrations.hub.jobs import Claimed
from integrations.hub.models import Connection, GateReason, JobState, SyncJob
from integrations.hub.policy import Action, Signal, Step
from tests import factories
from tests.integrations.hub.queue import vendor
from tests.integrations.hub.queue.test_queue import QueueMachine
from tests.integrations.hub.queue.world import World
from tests.integrations.hub.searches import LONG_SEARCH, first_failure

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.prove]

ENOUGH = first_failure(16, 1_000)


class HotRecord(World):
    """An edit moves a waiting job to the front, also one that waits for its next try."""

    def _dirty(self, connection_id: int, ids: list[int], head_start: int) -> None:
        super()._dirty(connection_id, ids, head_start)
        SyncJob.objects.filter(state=JobState.READY, record_id__in=ids).update(run_at=Now())


class LostEdit(World):
    """An edit that comes while its record is being sent is taken for sent."""

    def _dirty(self, connection_id: int, ids: list[int], head_start: int) -> None:
        running = SyncJob.objects.filter(connection_id=connection_id, state=JobState.LEASED)
        busy = set(running.values_list("record_id", flat=True))
        super()._dirty(connection_id, [pk for pk in ids if pk not in busy], head_start)


class NoFence(World):
    """A worker that was overtaken finishes all the same."""

    def _execute(self, claimed: Claimed) -> Step:
        step = super()._execute(claimed)
        if step.action == Action.LEAVE:
            values = {"state": JobState.DONE, "lease_token": None, "lease_until": None}
            SyncJob.objects.filter(pk=claimed.job.pk).update(**values)
        return step


class RateCosts(World):
    """A 429 uses up one of the record's retries."""

    def _execute(self, claimed: Claimed) -> Step:
        step = super()._execute(claimed)
        if step.signal == Signal.RATE:
            SyncJob.objects.filter(pk=claimed.job.pk).update(attempts=F("attempts") + 1)
        return step


class RateForgotten(World):
    """A 429 is a failure of one job only: the others call on."""

    def _execute(self, claimed: Claimed) -> Step:
        step = super()._execute(claimed)
        if step.signal == Signal.RATE:
            Connection.objects.update(gate_until=None, gate_reason=GateReason.NONE)
        return step


class SiblingForgotten(World):
    """A retry that finds a newer job in its place leaves it without the wait and the count."""

    def _execute(self, claimed: Claimed) -> Step:
        step = super()._execute(claimed)
        job = SyncJob.objects.get(pk=claimed.job.pk)
        if job.state == JobState.SUPERSEDED:
            heirs = SyncJob.objects.filter(lane=job.lane, state=JobState.READY)
            heirs.update(attempts=0, run_at=Now())
        return step


class LaneIgnored(World):
    """The last job of a lane is handed out before those that wait there longer."""

    def _claim(self, connection: Connection, count: int) -> list[Claimed]:
        ready = SyncJob.objects.filter(
            connection=connection, state=JobState.READY, run_at__lte=Now()
        )
        last = ready.order_by("pk").last()
        busy = SyncJob.objects.filter(state=JobState.LEASED)
        if last is None or busy.filter(lane=last.lane).exists():
            return super()._claim(connection, count)
        token = uuid.uuid4()
        SyncJob.objects.filter(pk=last.pk).update(
            state=JobState.LEASED, lease_token=token, lease_until=Now(), claims=F("claims") + 1
        )
        job = SyncJob.objects.select_related("connection", "intent").get(pk=last.pk)
        return [Claimed(job, token)]


class CrashCosts(World):
    """A worker that died costs the record a retry."""

    def _sweep(self) -> None:
        held = list(SyncJob.objects.filter(state=JobState.LEASED).values_list("pk", flat=True))
        super()._sweep()
        back = SyncJob.objects.filter(pk__in=held, state=JobState.READY)
        back.update(attempts=F("attempts") + 1)


class AllSuspected(World):
    """Of jobs that were lost with one worker all are handed out together again."""

    def _claim(self, connection: Connection, count: int) -> list[Claimed]:
        lost = SyncJob.objects.filter(state=JobState.READY, claims__gt=0)
        was = dict(lost.values_list("pk", "claims"))
        lost.update(claims=0)
        held = super()._claim(connection, count)
        for pk, claims in was.items():
            SyncJob.objects.filter(pk=pk).update(claims=F("claims") + claims)
        return held


class CrashSettles(World):
    """What a dead worker held counts as done."""

    def _sweep(self) -> None:
        held = list(SyncJob.objects.filter(state=JobState.LEASED).values_list("pk", flat=True))
        super()._sweep()
        SyncJob.objects.filter(pk__in=held, state=JobState.READY).update(state=JobState.DONE)


@pytest.mark.parametrize(
    "fault",
    [
        HotRecord,
        pytest.param(LostEdit, marks=LONG_SEARCH),
        pytest.param(NoFence, marks=LONG_SEARCH),
        pytest.param(RateCosts, marks=LONG_SEARCH),
        RateForgotten,
        pytest.param(SiblingForgotten, marks=LONG_SEARCH),
        LaneIgnored,
        pytest.param(CrashCosts, marks=LONG_SEARCH),
        pytest.param(AllSuspected, marks=LONG_SEARCH),
        pytest.param(CrashSettles, marks=LONG_SEARCH),
    ],
)
def test_seeded_fault_of_the_queue_is_caught(workspace: Workspace, fault: type[World]) -> None:
    class Broken(QueueMachine):
        world_class = fault

    Broken.workspace = workspace
    Broken.actor = factories.membership_make(workspace).user
    with vendor.installed(), pytest.raises(AssertionError):
        machine_run(Broken, settings=ENOUGH)
