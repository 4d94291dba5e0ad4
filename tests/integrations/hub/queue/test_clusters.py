"""Two clusters share one database; one is killed half-way, and nothing is lost or sent in vain."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from integrations.hub import jobs, ticking, wake
from integrations.hub.models import Connection, JobState, SyncJob
from tests.integrations.hub.echo import EchoVendor
from tests.integrations.hub.queue.processes import (
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

# Many more under `make prove`, where they may take minutes.
COUNT = 10_000 if os.environ.get("NEXA_PROVE_EXAMPLES") else 400
LONGEST_SECONDS = 900
# Calls that a killed cluster may have had under way: one of each of its workers.
UNDER_WAY = 4


def test_two_clusters_of_which_one_is_killed_send_every_record(
    connection: Connection, vendor: EchoVendor
) -> None:
    records = accounts_make(connection.workspace, COUNT)
    jobs.dirty(connection.pk, "account", records)
    wake.ensure()
    wake.wake()

    with workers(vendor, "cluster", count=2) as (first, second):
        assert eventually(lambda: states()[JobState.DONE] >= COUNT // 2, LONGEST_SECONDS)
        group_kill(first)
        held = held_now()
        # The living do all the rest; what stays is what the dead have held.
        assert eventually(lambda: undone() <= held, LONGEST_SECONDS, each=1)
        a_minute_passes()
        assert eventually(is_well, LONGEST_SECONDS, each=1), states()
        assert second.poll() is None

    sent = pushes(vendor)
    assert set(sent) == {f"/accounts/{pk}" for pk in records}
    twice = {path: times for path, times in sent.items() if times > 1}
    assert len(twice) <= UNDER_WAY, twice
    assert set(twice.values()) <= {2}


def is_well() -> bool:
    ticking.tick()  # what the cluster's own schedule does each minute
    return is_all_done()


def held_now() -> set[tuple[Any, ...]]:
    return set(SyncJob.objects.filter(state=JobState.LEASED).values_list("pk", "lease_token"))


def undone() -> set[tuple[Any, ...]]:
    return set(SyncJob.objects.exclude(state=JobState.DONE).values_list("pk", "lease_token"))


def a_minute_passes() -> None:
    """For leases; nobody alive holds one now."""
    left = SyncJob.objects.filter(state=JobState.LEASED)
    left.update(lease_until=Now() - timedelta(seconds=1))
