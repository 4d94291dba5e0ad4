"""What the hub forgets, when, and what it never forgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection as database
from django.db.models.functions import Now

from crm.models import Change
from integrations.hub import leases, retention
from integrations.hub.commands import command_enqueue
from integrations.hub.models import (
    Attempt,
    ConflictState,
    Connection,
    IntentOutcome,
    LinkState,
    RunStatus,
    SyncConflict,
    SyncJob,
    SyncRecord,
    SyncRun,
    SyncState,
    WriteIntent,
)
from integrations.hub.sync.links import tombstone

pytestmark = pytest.mark.django_db

Make = Callable[[Connection], Any]


def aged(row: Any, column: str, days: float) -> None:
    table = row._meta.db_table
    with database.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = now() - %s * interval '1 day' WHERE id = %s",
            [days, row.pk],
        )


def prune() -> None:
    retention.prune()
    lease = leases.take("retention", 1)
    assert lease is None
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM hub_namedlease WHERE name = 'retention'")


def link_make(connection: Connection, **values: Any) -> SyncRecord:
    given = {"object": "people", "record_type": "contact", "local_id": 7, "external_id": "p7"}
    return SyncRecord.objects.create(connection=connection, **(given | values))


def conflict_make(connection: Connection, state: ConflictState) -> SyncConflict:
    return SyncConflict.objects.create(
        connection=connection,
        link=link_make(connection),
        object="people",
        record_type="contact",
        local_id=7,
        field="title",
        rule="manual",
        state=state,
    )


def intent_make(connection: Connection, **values: Any) -> WriteIntent:
    given = {"kind": "sync", "key": "sync:1", "record_type": "contact", "record_id": 7, "body": {}}
    return WriteIntent.objects.create(connection=connection, **(given | values))


def run_make(connection: Connection, status: RunStatus = RunStatus.SUCCESS) -> SyncRun:
    return SyncRun.objects.create(connection=connection, kind="pull", status=status)


def change_make(connection: Connection) -> Change:
    return Change.objects.create(
        workspace=connection.workspace, record_type="contact", record_id=7, action="updated"
    )


CASES: list[tuple[Make, str, float, str]] = [
    (run_make, "started_at", 90, "runs"),
    (lambda c: conflict_make(c, ConflictState.RESOLVED), "resolved_at", 365, "conflicts"),
    (lambda c: conflict_make(c, ConflictState.SETTLED), "resolved_at", 365, "conflicts"),
    (lambda c: intent_make(c, outcome=IntentOutcome.APPLIED), "closed_at", 30, "intents"),
    (lambda c: link_make(c, state=LinkState.TOMBSTONE), "state_at", 90, "tombstones"),
]


@pytest.mark.parametrize(("make", "column", "days", "setting"), CASES)
def test_old_rows_are_forgotten_on_their_day_and_no_earlier(
    connection: Connection, make: Make, column: str, days: float, setting: str
) -> None:
    row = make(connection)
    rows = type(row)._default_manager.filter(pk=row.pk)

    aged(row, column, days - 0.1)
    prune()
    assert rows.exists()
    aged(row, column, days + 0.1)
    prune()

    assert not rows.exists()


@pytest.mark.parametrize(("make", "column", "days", "setting"), CASES)
def test_setting_of_zero_keeps_for_ever(
    connection: Connection, settings: Any, make: Make, column: str, days: float, setting: str
) -> None:
    settings.RETENTION_DAYS = {**settings.RETENTION_DAYS, setting: 0}
    row = make(connection)
    aged(row, column, 4000)

    prune()

    assert type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("make", "column"),
    [
        (lambda c: run_make(c, RunStatus.RUNNING), "started_at"),
        (lambda c: conflict_make(c, ConflictState.OPEN), "resolved_at"),
        (lambda c: intent_make(c), "created_at"),
        (lambda c: intent_make(c, kind="make"), "looked_at"),
        (lambda c: intent_make(c, kind="charge", outcome=IntentOutcome.APPLIED), "closed_at"),
        (lambda c: link_make(c), "state_at"),
        (change_make, "at"),
    ],
)
def test_what_is_open_or_wanted_is_never_forgotten(
    connection: Connection, make: Make, column: str
) -> None:
    row = make(connection)
    aged(row, column, 4000)

    prune()

    assert type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("state", "is_kept"), [("done", False), ("discarded", False), ("dead", True), ("ready", True)]
)
def test_command_is_not_done_twice_when_its_job_is_forgotten(
    connection: Connection, state: str, is_kept: bool
) -> None:
    given: dict[str, Any] = {"subject": ("deal", 7), "body": {}, "key": "won:7"}
    intent = command_enqueue(connection, "thing_create", **given)
    jobs = SyncJob.objects.filter(intent=intent)
    jobs.update(state=state, finished_at=Now())
    job = jobs.get()
    Attempt.objects.create(job=job, number=1, generation=1, is_counted=True, outcome="done")
    aged(job, "finished_at", 7.1)

    prune()

    assert jobs.exists() == Attempt.objects.filter(job=job.pk).exists() == is_kept
    assert command_enqueue(connection, "thing_create", **given) == intent
    assert jobs.exists() == is_kept


def test_ledger_is_forgotten_where_that_is_set(connection: Connection, settings: Any) -> None:
    settings.RETENTION_DAYS = {**settings.RETENTION_DAYS, "ledger": 30}
    old, young = change_make(connection), change_make(connection)
    aged(old, "at", 31)

    prune()

    assert list(Change.objects.filter(record_id=7)) == [young]


def test_write_that_was_looked_for_in_vain_lapses(connection: Connection) -> None:
    intent = intent_make(connection)
    aged(intent, "looked_at", 1.1)

    prune()

    assert not WriteIntent.objects.filter(pk=intent.pk).exists()


def test_tombstone_of_what_is_still_listed_there_stays(connection: Connection) -> None:
    SyncState.objects.create(connection=connection, object="people", generation=5)
    listed = link_make(connection, state=LinkState.TOMBSTONE, seen_generation=5)
    gone = link_make(
        connection, state=LinkState.TOMBSTONE, external_id="p8", local_id=8, seen_generation=1
    )
    aged(listed, "state_at", 4000)
    aged(gone, "state_at", 4000)

    prune()

    assert list(SyncRecord.objects.all()) == [listed]


def test_tombstone_goes_with_what_hangs_on_it(connection: Connection) -> None:
    link = link_make(connection, state=LinkState.TOMBSTONE)
    intent = intent_make(connection, link_id=link.pk)
    aged(link, "state_at", 91)

    prune()

    assert not SyncRecord.objects.exists()
    assert not WriteIntent.objects.filter(pk=intent.pk, link=link.pk).exists()


def test_tombstone_stays_for_a_conflict_that_nobody_decided(connection: Connection) -> None:
    conflict = conflict_make(connection, ConflictState.OPEN)
    tombstone(conflict.link, "Gone at the vendor.")
    aged(conflict.link, "state_at", 364)
    aged(conflict, "resolved_at", 364)
    prune()
    assert SyncConflict.objects.exists()

    aged(conflict, "resolved_at", 366)
    prune()

    assert not SyncRecord.objects.exists()


def test_tombstone_stays_for_its_conflicts_which_are_kept_longer(connection: Connection) -> None:
    conflict = conflict_make(connection, ConflictState.SETTLED)
    SyncRecord.objects.filter(pk=conflict.link_id).update(state=LinkState.TOMBSTONE)
    aged(conflict.link, "state_at", 364)
    aged(conflict, "resolved_at", 364)
    prune()
    assert SyncConflict.objects.exists()

    aged(conflict, "resolved_at", 366)
    prune()

    assert not SyncRecord.objects.exists()


@pytest.mark.parametrize(("state", "is_kept"), [("done", False), ("dead", True)])
def test_bodies_of_old_tries_go_before_the_tries(
    connection: Connection, state: str, is_kept: bool
) -> None:
    job = SyncJob.objects.create(
        connection=connection,
        kind="push",
        lane=1,
        record_type="contact",
        record_id=7,
        state=state,
    )
    told = {"method": "GET", "url": "/x", "request_body": "sent", "response_body": "said"}
    attempt = Attempt.objects.create(
        job=job, number=1, generation=1, is_counted=True, outcome="done", exchanges=[told]
    )
    aged(attempt, "started_at", 15)

    prune()

    attempt.refresh_from_db()
    kept = {"request_body": "sent", "response_body": "said"} if is_kept else {}
    assert attempt.exchanges == [{**told, "request_body": "", "response_body": "", **kept}]


@pytest.mark.django_db(transaction=True)
def test_job_that_comes_of_age_in_the_middle_of_a_round_goes_with_the_next(
    connection: Connection,
) -> None:
    job = SyncJob.objects.create(
        connection=connection, kind="push", lane=7, record_type="contact", record_id=7, state="done"
    )
    Attempt.objects.create(job=job, number=1, generation=1, is_counted=True, outcome="done")
    (rule,) = [one for one in retention.RULES if one.table == "hub_syncjob"]
    aged(job, "finished_at", rule.kept_days - 0.5 / 86_400)
    slow = replace(rule, before=(*rule.before, "SELECT pg_sleep(1)"))

    assert retention.rule_prune(slow) == 0
    assert retention.rule_prune(rule) == 1
    assert not SyncJob.objects.exists()
