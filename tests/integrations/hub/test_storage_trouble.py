"""Our own database is in trouble for a while: it is no record's fault, and uses nothing up."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DataError, OperationalError
from django.db import connection as database

from crm.models import Account, Workspace
from crm.unavailable import is_database_trouble
from integrations.hub import inbox, jobs
from integrations.hub.models import Connection, InboxEvent, InboxState, JobState, SyncJob
from integrations.hub.pump import pump
from tests.integrations.hub.conftest import account_make, command_make, post_event, time_passes
from tests.integrations.hub.echo import EchoVendor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("point", ["job.stored", "inbox.applied"])
def test_work_that_cannot_be_stored_for_long_is_no_poison(
    connection: Connection, vendor: EchoVendor, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    jobs.dirty(connection.pk, "account", [account_make(connection.workspace).pk])
    post_event(connection, {"id": "evt_1", "kind": "account.made", "name": "Acme"})

    monkeypatch.setenv("HUB_FAULT", f"{point}:dberror")
    for _ in range(5):
        with pytest.raises(OperationalError):
            pump(5)
        time_passes(70)
        inbox.sweep()
        jobs.sweep()
    monkeypatch.setenv("HUB_FAULT", "")
    pump(5)

    assert SyncJob.objects.get().state == JobState.DONE
    assert InboxEvent.objects.get().state == InboxState.DONE
    assert Account.objects.filter(name="Acme").count() == 1


def test_handler_that_meets_it_is_tried_again_without_an_end(
    connection: Connection, vendor: EchoVendor
) -> None:
    command_make(connection)
    with database.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER no_space BEFORE INSERT ON hub_syncrecord "
            "FOR EACH ROW EXECUTE FUNCTION no_space()"
        )
    try:
        for _ in range(7):
            pump(0)
            time_passes(70)
    finally:
        with database.cursor() as cursor:
            cursor.execute("DROP FUNCTION no_space CASCADE")

    job = SyncJob.objects.get()
    assert (job.state, job.attempts, job.last_error_code) == (JobState.READY, 0, "storage")
    pump(5)
    assert SyncJob.objects.get().state == JobState.DONE
    assert len(vendor.things) == 1


def test_value_that_no_index_takes_is_no_trouble_of_the_database(workspace: Workspace) -> None:
    with database.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE narrow (word text PRIMARY KEY)")
        with pytest.raises(OperationalError) as refused:
            cursor.execute(
                "INSERT INTO narrow SELECT string_agg(md5(n::text), '')"
                " FROM generate_series(1, 900) n"
            )

    assert isinstance(refused.value.__cause__, psycopg.errors.ProgramLimitExceeded)
    assert not is_database_trouble(refused.value)
    assert not is_database_trouble(DataError())
    assert is_database_trouble(OperationalError("the connection is lost"))
