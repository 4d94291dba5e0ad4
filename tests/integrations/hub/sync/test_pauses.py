"""A connection with much to send pulls nothing meanwhile, and goes on pulling afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from crm.models import Contact, Workspace
from integrations.hub.models import Connection, JobState, SyncJob, SyncState
from integrations.hub.pump import pump
from integrations.hub.selectors import is_work_due
from tests.integrations.hub.mirror import mirror_connection
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, pull, streams_due

pytestmark = pytest.mark.django_db(transaction=True)

MOST_WAITING = 3


@pytest.fixture
def busy(connection: Connection, mirror: MirrorVendor, desk: Desk, settings: Any) -> Connection:
    """One job more than the limit waits for a later time; its streams are due."""
    settings.SYNC_MAX_WAITING = MOST_WAITING
    pull(connection)
    for number in range(MOST_WAITING + 1):
        desk.make("contact", email=f"p{number}@x.test")
    SyncJob.objects.update(run_at=Now() + timedelta(hours=1))
    streams_due(connection)
    mirror.forget_calls()
    return connection


def test_more_waiting_jobs_than_the_limit_pause_the_pulls(
    busy: Connection, mirror: MirrorVendor
) -> None:
    mirror.add("people", email="ada@acme.test")

    # Not even due, else each pump would wake the next one.
    assert not is_work_due()
    pump(0)

    assert mirror.count("list") == 0
    assert not Contact.objects.filter(email="ada@acme.test").exists()


def test_pulls_go_on_when_no_more_wait_than_the_limit(
    busy: Connection, mirror: MirrorVendor
) -> None:
    mirror.add("people", email="ada@acme.test")
    first = SyncJob.objects.filter(state=JobState.READY).order_by("pk")[:1]
    SyncJob.objects.filter(pk__in=first.values("pk")).update(state=JobState.DONE)

    pump(20)

    assert Contact.objects.filter(email="ada@acme.test").exists()


def test_backlog_of_one_connection_pauses_no_other(
    busy: Connection, mirror: MirrorVendor, workspace: Workspace
) -> None:
    other = mirror_connection(workspace)
    SyncState.objects.filter(connection=other).update(next_run_at=Now())

    pump(20)

    assert mirror.count("list") > 0
    assert SyncState.objects.filter(connection=other, cursor__isnull=False).exists()
    assert SyncState.objects.filter(connection=busy, next_run_at__lte=Now()).count() == 2
