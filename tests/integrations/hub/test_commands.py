"""A command is intended once, carried out with its keys, and leaves its attempts behind."""

from __future__ import annotations

import pytest
from django.db import transaction
from django_q.models import OrmQ

from crm.models import Workspace
from integrations.hub.commands import command_enqueue
from integrations.hub.errors import Rejected
from integrations.hub.models import (
    Attempt,
    Connection,
    IntentOutcome,
    JobState,
    SyncJob,
    SyncRecord,
    SyncRun,
    WriteIntent,
)
from integrations.hub.pump import pump
from tests.integrations.hub.conftest import account_make, command_make
from tests.integrations.hub.echo import EchoVendor

pytestmark = pytest.mark.django_db(transaction=True)


def test_command_reaches_the_vendor_and_is_remembered(
    connection: Connection, vendor: EchoVendor
) -> None:
    job = command_make(connection)

    done = pump(budget_seconds=30)

    job.refresh_from_db()
    attempt = Attempt.objects.get(job=job)
    assert (done, job.state, job.claims) == (1, JobState.DONE, 0)
    assert WriteIntent.objects.get().outcome == IntentOutcome.APPLIED
    assert SyncRecord.objects.get().external_id == "thing_1"
    assert (attempt.number, attempt.status_code, attempt.outcome) == (1, 200, "done")
    assert attempt.exchanges[0]["url"] == "https://api.echo.test/things"
    assert attempt.exchanges[0]["request_id"] == "req_1"
    run = SyncRun.objects.get()
    assert (run.kind, run.status, run.total, run.synced) == ("command", "success", 1, 1)


def test_command_of_the_same_key_is_the_same_act(connection: Connection) -> None:
    account = account_make(connection.workspace)

    for _ in range(2):
        command_enqueue(
            connection, "thing_create", subject=("account", account.pk), body={}, key="deal:1:won"
        )

    assert WriteIntent.objects.count() == SyncJob.objects.count() == 1


def test_command_of_a_write_that_rolls_back_is_gone(connection: Connection) -> None:
    with transaction.atomic():
        command_make(connection)
        transaction.set_rollback(True)

    assert not SyncJob.objects.exists()
    assert not WriteIntent.objects.exists()
    assert not OrmQ.objects.exists()


def test_many_commands_wake_the_queue_once(connection: Connection) -> None:
    for _ in range(5):
        command_make(connection)

    assert OrmQ.objects.count() == 1


def test_command_unknown_to_the_provider_is_refused(
    connection: Connection, workspace: Workspace
) -> None:
    with pytest.raises(Rejected, match="no command"):
        command_make(connection, kind="nothing")


def test_commands_of_one_subject_run_in_order(connection: Connection, vendor: EchoVendor) -> None:
    account = account_make(connection.workspace)
    jobs = [command_make(connection, account) for _ in range(3)]

    pump(budget_seconds=30)

    finished = list(SyncJob.objects.order_by("finished_at").values_list("pk", flat=True))
    assert finished == [job.pk for job in jobs]
    assert SyncRecord.objects.count() == 1
