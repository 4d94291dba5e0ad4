"""kill -9 where the queue takes work on, hands it out and lets it go; no operator mends it."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import psutil
import pytest
from django.db import connection as database
from django.db.models.functions import Now
from django.test import Client
from django_q.models import OrmQ

from crm.models import Account, Change
from integrations.hub import jobs, selectors, ticking, wake
from integrations.hub.models import (
    AppliedFact,
    Connection,
    HubHeartbeat,
    InboxEvent,
    InboxState,
    JobState,
    SyncJob,
)
from integrations.hub.pump import pump
from tests.forked import Forked
from tests.integrations.hub.conftest import command_make, post_event, time_passes
from tests.integrations.hub.echo import EchoVendor, slow_down
from tests.integrations.hub.queue.processes import (
    WORKER,
    Process,
    accounts_make,
    eventually,
    group_kill,
    is_all_done,
    pushes,
    states,
    workers,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.cluster,
    pytest.mark.prove,
]
IS_LONG = bool(os.environ.get("NEXA_PROVE_EXAMPLES"))
LONG = pytest.mark.skipif(not IS_LONG, reason="takes minutes: make prove")
CUTS = 6 if IS_LONG else 2


def act(
    vendor: EchoVendor, *arguments: object, fault: str = ""
) -> subprocess.CompletedProcess[str]:
    extra = {"NEXA_SANDBOX_URL": vendor.url, "HUB_FAULT": fault}
    process = Forked(WORKER, *arguments, **extra)
    said = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.wait(0), said)


# --- K1: the edit and its wake-up ---
def test_edit_killed_before_its_commit_leaves_nothing(
    connection: Connection, vendor: EchoVendor
) -> None:
    (pk,) = accounts_make(connection.workspace, 1)

    done = act(vendor, "edit", pk, fault="job.enqueued:kill")

    assert done.returncode == -signal.SIGKILL
    assert Account.objects.get(pk=pk).name == "Account 0"
    assert not SyncJob.objects.exists()
    assert not Change.objects.filter(record_id=pk).exists()


def test_edit_killed_before_its_wake_up_is_delivered_by_the_tick(
    connection: Connection, vendor: EchoVendor
) -> None:
    (pk,) = accounts_make(connection.workspace, 1)
    wake.ensure()

    done = act(vendor, "edit", pk, fault="wake.asked:kill")
    assert done.returncode == -signal.SIGKILL
    assert Account.objects.get(pk=pk).name == "edited"
    assert states() == {JobState.READY: 1}
    assert not OrmQ.objects.exists()
    ticking.tick()

    assert OrmQ.objects.count() == 1
    with workers(vendor, "hubworker"):
        assert eventually(is_all_done, 60)
    assert pushes(vendor) == {f"/accounts/{pk}": 1}


# --- K7: the web-hook's commit and its answer ---
@pytest.mark.parametrize(("point", "kept"), [("inbox.keeping", 0), ("inbox.kept", 1)])
def test_webhook_killed_around_its_commit_is_processed_once(
    connection: Connection, vendor: EchoVendor, client: Client, point: str, kept: int
) -> None:
    done = act(vendor, "post", connection.webhook_key, fault=f"{point}:kill")
    assert done.returncode == -signal.SIGKILL
    assert "200" not in done.stdout
    assert InboxEvent.objects.count() == kept

    # No 2xx came, so the vendor sends it again.
    event = {"id": "evt_1", "kind": "account.made", "name": "Acme"}
    assert post_event(connection, event, client=client).status_code == 200
    pump(10)

    assert InboxEvent.objects.get().state == InboxState.DONE
    assert Account.objects.count() == AppliedFact.objects.count() == 1


# --- K10: a pump that holds many jobs ---
def test_poison_that_kills_a_pump_with_many_jobs_is_set_aside_alone(
    connection: Connection, vendor: EchoVendor
) -> None:
    records = accounts_make(connection.workspace, 12)
    for pk in records:
        jobs.dirty(connection.pk, "account", [pk])
    poison = records[5]

    for _ in range(8):
        with workers(vendor, "hubworker", NEXA_TEST_POISON=str(poison)) as (worker,):
            eventually(lambda one=worker: one.poll() is not None or is_over(), 60)
        time_passes(61)
        jobs.sweep()
        if is_over():
            break

    dead = SyncJob.objects.get(state=JobState.DEAD)
    assert (dead.record_id, dead.reason, dead.attempts) == (poison, "crashes_worker", 0)
    assert states() == {JobState.DONE: 11, JobState.DEAD: 1}
    assert f"/accounts/{poison}" not in pushes(vendor)
    assert set(pushes(vendor).values()) == {1}


def is_over() -> bool:
    return not states().keys() - {JobState.DONE, JobState.DEAD}


# --- K11: the processes of a cluster ---
ROLES = ["parent", "one of its own", "all of its own"]


@LONG
@pytest.mark.parametrize("role", ROLES)
def test_cluster_that_lost_a_process_works_again_within_four_minutes(
    connection: Connection, vendor: EchoVendor, role: str
) -> None:
    """As its supervisor has it: silent for three minutes while work waits, it is begun anew."""
    wake.ensure()
    with workers(vendor, "cluster") as (cluster,):
        assert eventually(lambda: len(family(cluster)) >= 6, 60)
        time.sleep(2)
        victims = family(cluster)
        chosen = {"parent": [psutil.Process(cluster.pid)], "one of its own": victims[-1:]}
        for victim in chosen.get(role, victims):
            victim.kill()
        command_make(connection)
        wake.wake()
        if eventually(is_all_done, 60, each=0.5):
            return
        time_passes(240)
        assert selectors.hub_health().is_stuck
        group_kill(cluster)
        assert not any(victim.is_running() for victim in victims)
    with workers(vendor, "cluster"):
        assert eventually(lambda: woken() and is_all_done(), 120, each=1)
    assert len(vendor.things) == 1


def woken() -> bool:
    ticking.tick()
    return True


def family(cluster: Process) -> list[psutil.Process]:
    return psutil.Process(cluster.pid).children(recursive=True)


def test_work_is_called_stuck_when_every_process_is_gone(
    connection: Connection, vendor: EchoVendor
) -> None:
    vendor.always = slow_down(0.2)
    jobs.dirty(connection.pk, "account", accounts_make(connection.workspace, 30))
    with workers(vendor, "hubworker") as (worker,):
        assert eventually(lambda: states()[JobState.DONE] > 0, 60)
        group_kill(worker)
    assert HubHeartbeat.objects.exists()

    time_passes(181)

    assert selectors.hub_health().is_stuck
    vendor.always = None
    with workers(vendor, "hubworker"):
        assert eventually(is_all_done, 60), states()
    assert selectors.hub_health().is_ok


# --- K12: the database goes away ---
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_database_that_cuts_every_session_costs_nothing_but_time(
    connection: Connection, vendor: EchoVendor
) -> None:
    vendor.always = slow_down(0.02)
    records = accounts_make(connection.workspace, CUTS * 60)
    jobs.dirty(connection.pk, "account", records)

    with workers(vendor, "hubworker", count=2) as both:
        for _ in range(CUTS):
            before = states()[JobState.DONE]
            eventually(lambda seen=before: states()[JobState.DONE] > seen + 10 or is_all_done(), 60)
            with database.cursor() as cursor:
                cursor.execute(CUT)
            # What they held is taken back when their leases end.
            SyncJob.objects.filter(state=JobState.LEASED).update(lease_until=Now())
        vendor.always = None
        assert eventually(is_all_done, 120, each=0.5), states()
        # The same two: nobody has begun others.
        assert all(one.poll() is None for one in both)

    sent = pushes(vendor)
    assert set(sent) == {f"/accounts/{pk}" for pk in records}
    # A cut costs each worker one repeated request at most.
    assert sum(times - 1 for times in sent.values()) <= CUTS * 2
