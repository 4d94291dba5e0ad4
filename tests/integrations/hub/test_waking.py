"""Wake-ups: lost without harm, asked again when nobody has answered, in a queue set up for it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django_q.models import OrmQ

from crm.models import Account, Workspace
from integrations.hub import wake
from nexa.configuration import cluster_settings
from tests.integrations.hub.conftest import account_make, time_passes
from tests.integrations.hub.refusing import rows_refused

pytestmark = pytest.mark.django_db(transaction=True)

# What each setting of the queue keeps from happening. The database holds the work and its retries;
# a task says no more than that there is some.
SETTINGS = [
    ("max_attempts", 1, "the queue tries nothing again: the engine's own ladder does"),
    ("ack_failures", True, "a task that failed is not handed out for ever"),
    ("save_limit", -1, "no row is kept for each wake-up"),
    ("catch_up", False, "a worker that was away does not run every tick it has missed"),
    ("bulk", 1, "no task waits in a worker behind another that takes its 25 s"),
    ("queue_limit", 4, "what the pusher takes has a worker at once, before its lock ends"),
    ("guard_cycle", 0.5, "a worker that died is replaced within a second"),
    ("poll", 0.5, "a wake-up is heard within half a second"),
    ("recycle", 200, "memory that a library loses is given back"),
]


@pytest.mark.parametrize(("name", "value", "reason"), SETTINGS, ids=[row[0] for row in SETTINGS])
def test_queue_is_set_up_for_wake_ups(name: str, value: Any, reason: str) -> None:
    assert cluster_settings(workers=4, redis="")[name] == value, reason


@pytest.mark.parametrize("workers", [1, 2, 4, 16])
def test_no_task_is_handed_out_again_while_it_may_run(workers: int) -> None:
    cluster = cluster_settings(workers=workers, redis="")

    # It waits for those before it, then takes its own time.
    assert cluster["retry"] > cluster["timeout"] * (1 + cluster["queue_limit"] / workers)


@pytest.mark.parametrize(("redis", "broker"), [("", "orm"), ("redis://127.0.0.1/0", "redis")])
def test_queue_has_one_broker(redis: str, broker: str) -> None:
    cluster = cluster_settings(workers=4, redis=redis)

    assert {"orm", "redis"} & set(cluster) == {broker}


def test_wake_up_that_fails_breaks_no_write_it_follows(workspace: Workspace) -> None:
    account = account_make(workspace)

    with rows_refused("hub_wake", "NEW.is_pending"), transaction.atomic():
        wake.wake_on_commit()
        Account.objects.filter(pk=account.pk).update(name="Kept")

    account.refresh_from_db()
    assert account.name == "Kept"
    assert not OrmQ.objects.exists()


def test_wake_up_nobody_answered_is_asked_again_after_a_while(db: None) -> None:
    assert wake.wake()

    time_passes(wake.STALE_SECONDS - 2)
    assert not wake.wake()
    time_passes(3)

    assert wake.wake()
    assert OrmQ.objects.count() == 2
