"""Workers are killed at random while they work; in the end everything was done exactly once."""

from __future__ import annotations

import random
import signal

import pytest

from crm.models import Account
from integrations.hub.models import Connection, InboxEvent, InboxState, JobState, SyncJob
from tests.integrations.hub.conftest import account_make, command_make, post_event, time_passes
from tests.integrations.hub.echo import EchoVendor
from tests.integrations.hub.test_crash import worker_start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]

POINTS = ("job.claimed", "push.after_api", "job.stored", "inbox.claimed", "inbox.applied")
WAVES = 3


def fault_of(chance: random.Random) -> str:
    return ",".join(f"{point}:kill@{chance.randint(2, 12)}" for point in POINTS)


def test_random_kills_lose_nothing_and_double_nothing(
    connection: Connection, vendor: EchoVendor
) -> None:
    chance = random.Random(20261122)
    accounts = [account_make(connection.workspace) for _ in range(8)]
    for number in range(48):
        command_make(connection, accounts[number % 8])
        event = {"id": f"evt_{number}", "kind": "account.made", "name": f"made {number}"}
        post_event(connection, event | {"subject": f"s{number % 5}"})

    kills = 0
    for _ in range(WAVES):
        workers = [worker_start(vendor, fault_of(chance), seconds=5) for _ in range(2)]
        kills += sum(worker.wait(180) == -signal.SIGKILL for worker in workers)
        time_passes(61)
    assert worker_start(vendor, seconds=20).wait(180) == 0

    assert kills >= 2
    assert set(SyncJob.objects.values_list("state", flat=True)) == {JobState.DONE}
    assert set(InboxEvent.objects.values_list("state", flat=True)) == {InboxState.DONE}
    assert len(vendor.things) == len(accounts)
    assert Account.objects.filter(name__startswith="made ").count() == 48
