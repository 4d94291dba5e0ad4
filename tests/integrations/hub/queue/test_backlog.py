"""A long backlog: quick to mark, quick to claim from, and nobody else waits for it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

import psutil
import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse

from crm.models import Workspace
from integrations.hub import jobs
from integrations.hub.models import Connection, JobState, SyncJob
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.echo import EchoVendor
from tests.integrations.hub.queue.processes import accounts_make, eventually, workers

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.cluster,
    pytest.mark.prove,
]

IS_LONG = bool(os.environ.get("NEXA_PROVE_EXAMPLES"))
BACKLOG = 100_000 if IS_LONG else 5_000
LONG = pytest.mark.skipif(not IS_LONG, reason="takes minutes: make prove")
PAGES = ("crm:home", "crm:contact_list", "crm:account_list", "hub:integration_list")
BULK = -60
CLAIMS = 100


def backlog_make(connection: Connection) -> float:
    """Records that a bulk write has changed; seconds it took to mark them."""
    records = accounts_make(connection.workspace, BACKLOG)
    began = time.perf_counter()
    for start in range(0, BACKLOG, 500):
        jobs.dirty(connection.pk, "account", records[start : start + 500], BULK)
    return time.perf_counter() - began


def test_claims_from_a_long_backlog_are_quick(connection: Connection) -> None:
    enqueued = backlog_make(connection)
    spent = []
    for _ in range(CLAIMS):
        began = time.perf_counter()
        (held,) = jobs.claim_many(connection, 1)
        spent.append(time.perf_counter() - began)
        jobs.done(held.job, held.token)

    left = SyncJob.objects.filter(connection=connection, state=JobState.READY)
    assert left.count() == BACKLOG - CLAIMS
    # Times are judged where nothing else runs beside: under `make prove`.
    if IS_LONG:
        assert enqueued < 60
        assert sorted(spent)[int(CLAIMS * 0.99) - 1] < 0.2


def test_edit_and_second_connection_do_not_wait_for_a_backlog(
    connection: Connection, vendor: EchoVendor, workspace: Workspace
) -> None:
    backlog_make(connection)
    other = connection_make(workspace)
    records = accounts_make(workspace, 21)

    with workers(vendor, "hubworker", count=2):
        assert eventually(lambda: done_of(connection) > 50, 120)
        jobs.dirty(other.pk, "account", records[:20], BULK)
        jobs.dirty(connection.pk, "account", records[20:])
        began = time.monotonic()
        assert eventually(lambda: is_done(records[20]), 60, each=0.05)
        edit_seconds = time.monotonic() - began
        assert eventually(lambda: done_of(other) == 20, 60)
        left = SyncJob.objects.filter(connection=connection, state=JobState.READY).count()

    assert edit_seconds < 5
    assert left > 0, "the backlog was done before the others had their turn"


@LONG
def test_pages_are_quick_and_memory_is_flat_during_a_backlog(
    connection: Connection, vendor: EchoVendor, admin_client: Client
) -> None:
    backlog_make(connection)
    statistics_now()
    addresses = [reverse(name) for name in PAGES]
    with workers(vendor, "hubworker", count=2, seconds=600) as started:
        assert eventually(lambda: done_of(connection) > 500, 120)
        before = memory_of(started)
        spent = sorted(seconds_of(admin_client, addresses[n % len(PAGES)]) for n in range(100))
        assert eventually(lambda: done_of(connection) > 10_000, 400, each=1)
        grown = memory_of(started) - before

    assert spent[94] < 0.3
    assert grown < 20_000_000


def statistics_now() -> None:
    """As the server does by itself within a minute of so many rows."""
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")


def seconds_of(client: Client, address: str) -> float:
    began = time.perf_counter()
    assert client.get(address).status_code == 200
    return time.perf_counter() - began


def memory_of(processes: Iterable[Any]) -> int:
    return sum(psutil.Process(one.pid).memory_info().rss for one in processes)


def done_of(connection: Connection) -> int:
    return SyncJob.objects.filter(connection=connection, state=JobState.DONE).count()


def is_done(record_id: int) -> bool:
    return SyncJob.objects.filter(record_id=record_id, state=JobState.DONE).exists()
