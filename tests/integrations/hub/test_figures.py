"""Hours are counted before their runs and tries are forgotten, and drawn over thirteen months."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from django.db import connection as database
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.hub import figures, retention, spans
from integrations.hub.models import (
    Attempt,
    Connection,
    HourlyFigures,
    JobState,
    NamedLease,
    RunKind,
    RunStatus,
    SyncJob,
    SyncRun,
)
from integrations.hub.spans import DAYS, MONTHS, span_of
from integrations.hub.trends import trends_of
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.test_trends import attempt_make, run_make

pytestmark = pytest.mark.django_db


def counted() -> int:
    """A round that the one before does not hold off."""
    NamedLease.objects.filter(name=figures.LEASE).delete()
    return figures.hours_count()


@pytest.fixture
def busy(connection: Connection) -> Connection:
    run_make(connection, hours_ago=50, synced=5, duration_ms=4000)
    run_make(connection, status=RunStatus.PARTIAL, synced=3, failed=1, duration_ms=2000)
    run_make(connection, status=RunStatus.FAILED, failed=2, kind=RunKind.PUSH, duration_ms=9000)
    run_make(connection, kind=RunKind.REHEARSAL, synced=1000)
    for outcome in ("done", "again", "dead"):
        attempt_make(connection, outcome)
    connection.jobs.filter(attempt_rows__outcome="dead").update(
        state=JobState.DEAD, finished_at=timezone.now()
    )
    run_make(connection_make(connection.workspace), synced=77)
    return connection


def sums(connection: Connection, name: str) -> dict[str, list[float]]:
    return {
        chart.key: [sum(one.values) for one in chart.series]
        for chart in trends_of(connection, span_of(name))
        if chart.key != "mean"
    }


def test_months_show_what_days_do(busy: Connection) -> None:
    assert counted() == 3

    assert sums(busy, MONTHS) == sums(busy, DAYS)
    assert sums(busy, MONTHS)["records"] == [8, 3]
    assert sums(busy, MONTHS)["tries"] == [1, 1, 1]
    assert sums(busy, MONTHS)["dead"] == [1, 0]


def test_mean_time_of_a_month_is_that_of_its_pulls(connection: Connection) -> None:
    run_make(connection, duration_ms=4000)
    run_make(connection, duration_ms=1000)
    run_make(connection, kind=RunKind.PUSH, duration_ms=60_000)
    counted()

    mean = next(one for one in trends_of(connection, span_of(MONTHS)) if one.key == "mean")

    assert mean.rows[-1][1] == ["2.50 s"]
    assert mean.words == "Mean time of a pull, last 13 months: from 2.50 s to 2.50 s."


def test_hours_outlive_their_runs_and_counting_again_leaves_them(busy: Connection) -> None:
    counted()
    before = sums(busy, MONTHS)
    SyncRun.objects.update(started_at=timezone.now() - datetime.timedelta(days=90))
    Attempt.objects.all().delete()
    HourlyFigures.objects.update(hour=F("hour") - datetime.timedelta(days=33))

    counted()
    retention.prune()

    after = sums(busy, MONTHS)
    assert (after["runs"], after["records"], after["tries"]) == (
        before["runs"],
        before["records"],
        before["tries"],
    )


def test_present_hour_grows_with_each_round(connection: Connection) -> None:
    run_make(connection, synced=1)
    counted()
    run_make(connection, synced=2)

    assert counted() == 1

    assert HourlyFigures.objects.get().records_synced == 3


def test_standstill_is_caught_up_from_the_last_hour_that_was_counted(
    connection: Connection,
) -> None:
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    HourlyFigures.objects.create(connection=connection, hour=now - datetime.timedelta(hours=40))
    run_make(connection, hours_ago=90, synced=8)
    run_make(connection, hours_ago=38, synced=4)
    attempt_make(connection, "done")
    Attempt.objects.update(started_at=now - datetime.timedelta(hours=38))

    counted()

    found = HourlyFigures.objects.exclude(records_synced=0, tries_done=0)
    assert [(one.records_synced, one.tries_done) for one in found] == [(4, 1)]


@pytest.mark.parametrize("forgotten", ["jobs", "attempts", "runs"])
def test_hour_keeps_its_figures_when_what_it_was_counted_from_is_kept_shorter(
    connection: Connection, settings: Any, forgotten: str
) -> None:
    """After a standstill hours are counted again whose runs, or tries, are partly forgotten."""
    for hours in (50, 40):
        at = timezone.now() - datetime.timedelta(hours=hours)
        run_make(connection, hours_ago=hours, synced=5)
        for outcome, state in (("done", JobState.DONE), ("dead", JobState.DEAD)):
            attempt = attempt_make(connection, outcome)
            Attempt.objects.filter(pk=attempt.pk).update(started_at=at)
            job = SyncJob.objects.filter(pk=attempt.job_id)
            job.update(state=state, finished_at=at, intent=None)
    counted()
    before = sums(connection, MONTHS)

    settings.RETENTION_DAYS = {**settings.RETENTION_DAYS, forgotten: 2}
    assert retention.prune()
    counted()

    assert sums(connection, MONTHS) == before
    assert before["tries"] == [2, 0, 2]


def test_hours_are_counted_once_in_ten_minutes_over_all_processes(busy: Connection) -> None:
    assert figures.hours_count() == 3
    assert figures.hours_count() == 0


def test_hours_are_forgotten_after_thirteen_months(connection: Connection) -> None:
    for days in (390, 402):
        HourlyFigures.objects.create(
            connection=connection, hour=timezone.now() - datetime.timedelta(days=days)
        )

    retention.prune()

    assert HourlyFigures.objects.count() == 1


@pytest.mark.parametrize(
    ("today", "first"), [("2026-11-30", "Nov 2025"), ("2026-01-31", "Jan 2025")]
)
def test_months_end_with_the_present_one(today: str, first: str, time_machine: Any) -> None:
    time_machine.move_to(f"{today}T12:00:00Z")

    labels = span_of(MONTHS).labels

    assert len(labels) == spans.COUNTS[MONTHS]
    assert labels[0] == first
    assert labels[-1] == f"{timezone.now():%b %Y}"


def test_page_offers_the_months(busy: Connection, sales_client: Client) -> None:
    counted()

    page = sales_client.get(reverse("hub:connection_detail", args=[busy.pk]), {"span": MONTHS})

    assert "Runs, last 13 months: 1 success, 1 partly failed" in page.content.decode()


MANY_JOBS = """
INSERT INTO hub_syncjob (uid, connection_id, kind, lane, record_type, record_id, object,
    external_id, sort_at, created_at, run_at, finished_at, state)
SELECT gen_random_uuid(), %(connection)s, 'push', number, 'contact', number, '', '',
    statement_timestamp(), statement_timestamp(), statement_timestamp(), statement_timestamp(),
    CASE WHEN number %% 100 = 0 THEN 'dead' ELSE 'done' END FROM generate_series(1, 5000) number
"""
MANY_EVENTS = """
INSERT INTO hub_inboxevent (connection_id, provider, event_id, kind, finished_at, state)
SELECT %(connection)s, 'echo', number, '', statement_timestamp(),
    CASE WHEN number %% 100 = 0 THEN 'dead' ELSE 'done' END FROM generate_series(1, 5000) number
"""


MANY_TRIES = """
INSERT INTO hub_attempt (job_id, number, generation, is_counted, outcome, code, message,
    request_digest, exchanges, duration_ms, started_at)
SELECT id, 1, 1, true, 'done', '', '', '', '[]', 0,
    statement_timestamp() - (5000 - row_number() OVER (ORDER BY id)) * interval '15 seconds'
FROM hub_syncjob ORDER BY id
"""


def plan_of_count() -> str:
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {figures.COUNT}", figures.reach())
        return "\n".join(line for (line,) in cursor.fetchall())


def test_only_the_tries_of_the_last_hours_are_counted_again_and_their_jobs_looked_up(
    connection: Connection,
) -> None:
    with database.cursor() as cursor:
        cursor.execute(MANY_JOBS, {"connection": connection.pk})
        cursor.execute(MANY_TRIES)
        cursor.execute("ANALYZE hub_syncjob, hub_attempt")
    counted()
    assert sum(HourlyFigures.objects.values_list("tries_done", flat=True)) == 5000

    plan = plan_of_count()

    assert sum(HourlyFigures.objects.values_list("tries_done", flat=True)) == 5000
    assert "Seq Scan on hub_syncjob" not in plan
    found = re.search(r"hub_syncjob_pkey\b.* loops=(\d+)\)\n.*\(id = a\.job_id\)", plan)
    assert found, plan
    assert 2 * 240 <= int(found[1]) <= 3 * 240, plan


def test_dead_rows_are_found_by_an_index_and_not_by_reading_all(connection: Connection) -> None:
    with database.cursor() as cursor:
        for statement in (MANY_JOBS, MANY_EVENTS):
            cursor.execute(statement, {"connection": connection.pk})
        cursor.execute("ANALYZE hub_connection, hub_syncjob, hub_inboxevent")
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = plan_of_count()

    assert "Seq Scan on hub_syncjob" not in plan
    assert "Seq Scan on hub_inboxevent" not in plan
    for index in ("job_state", "inbox_state"):
        found = rf"{index}\b.*\n.*Index Cond: \(\(connection_id = .*state.*'dead'"
        assert re.search(found, plan), plan
    hour = HourlyFigures.objects.get()
    assert (hour.dead_jobs, hour.dead_events) == (50, 50)
