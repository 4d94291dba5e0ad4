"""A connection's page and the console draw what it did, by the log of runs and tries."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.charts import Chart
from crm.models import User
from integrations.hub.models import Attempt, Connection, JobState, RunKind, RunStatus, SyncRun
from integrations.hub.spans import DAYS, HOURS, span_of
from integrations.hub.trends import sparks, trends_of
from tests.integrations.hub.conftest import command_make, connection_make

pytestmark = pytest.mark.django_db


def run_make(connection: Connection, *, hours_ago: float = 0, **fields: Any) -> SyncRun:
    values = {"kind": RunKind.PULL, "status": RunStatus.SUCCESS, **fields}
    at = timezone.now() - datetime.timedelta(hours=hours_ago)
    return SyncRun.objects.create(connection=connection, started_at=at, **values)


def attempt_make(connection: Connection, outcome: str) -> Attempt:
    job = command_make(connection)
    return Attempt.objects.create(job=job, number=1, generation=1, is_counted=True, outcome=outcome)


def chart(connection: Connection, key: str, name: str = DAYS) -> Chart:
    return next(one for one in trends_of(connection, span_of(name)) if one.key == key)


@pytest.fixture
def busy(connection: Connection) -> Connection:
    """Rows of old first, since their numbers rise with time."""
    run_make(connection, hours_ago=24 * 20, synced=99)
    run_make(connection, hours_ago=50, synced=5, duration_ms=4000)
    run_make(connection, status=RunStatus.PARTIAL, synced=3, failed=1, duration_ms=2000)
    run_make(connection, status=RunStatus.FAILED, failed=2, duration_ms=1000)
    run_make(connection, kind=RunKind.REHEARSAL, synced=1000)
    run_make(connection_make(connection.workspace), synced=1000)
    return connection


def test_runs_are_counted_by_result_on_their_days(busy: Connection) -> None:
    found = chart(busy, "runs")

    assert [sum(one.values) for one in found.series] == [1, 1, 1]
    assert found.rows[-1][1] == ["0", "1", "1"]
    assert found.words == "Runs, last 7 days: 1 success, 1 partly failed or stopped, 1 failed."


def test_records_and_mean_time_are_those_of_the_runs(busy: Connection) -> None:
    assert [sum(one.values) for one in chart(busy, "records").series] == [8, 3]
    assert chart(busy, "mean").rows[-1][1] == ["1.50 s"]


def test_hours_show_the_last_day_only(busy: Connection) -> None:
    found = chart(busy, "runs", HOURS)

    assert len(found.slots) == 24
    assert [sum(one.values) for one in found.series] == [0, 1, 1]


def test_day_begins_where_it_begins_for_who_looks(connection: Connection) -> None:
    with timezone.override("Pacific/Auckland"):
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        run_make(connection)
        SyncRun.objects.update(started_at=midnight - datetime.timedelta(minutes=1))

        found = chart(connection, "runs")

    assert [values[0] for _, values in found.rows[-2:]] == ["1", "0"]


def test_tries_and_dead_letters_are_counted(connection: Connection) -> None:
    for outcome in ("done", "again", "dead"):
        attempt_make(connection, outcome)
    connection.jobs.filter(attempt_rows__outcome="dead").update(
        state=JobState.DEAD, finished_at=timezone.now()
    )

    assert [sum(one.values) for one in chart(connection, "tries").series] == [1, 1, 1]
    assert [sum(one.values) for one in chart(connection, "dead").series] == [1, 0]


def test_sparks_cost_one_query_for_all(busy: Connection, django_assert_num_queries: Any) -> None:
    others = [connection_make(busy.workspace) for _ in range(3)]
    run_make(others[0])

    with django_assert_num_queries(1):
        found = sparks([busy.pk, *(one.pk for one in others)])

    assert set(found) == {busy.pk, others[0].pk}
    assert {bar.kind for bar in found[busy.pk].bars} == {"ok", "warn", "err"}


def test_page_fetches_the_charts_when_they_come_into_sight(
    busy: Connection, sales_client: Client
) -> None:
    url = reverse("hub:connection_detail", args=[busy.pk])
    headers = {"HX-Request": "true", "HX-Target": "connection-charts"}

    page = sales_client.get(url).content.decode()
    fetched = sales_client.get(url, {"span": HOURS}, headers=headers).content.decode()
    whole = sales_client.get(url, {"span": DAYS}).content.decode()

    assert 'hx-trigger="revealed"' in page
    assert "chart-drawing" not in page
    assert "Runs, last 24 hours: 1 partly failed or stopped, 1 failed." in fetched
    assert "<html" not in fetched
    assert "Runs, last 7 days:" in whole


def test_console_shows_the_same_charts(busy: Connection, client: Client, operator: User) -> None:
    client.force_login(operator)

    page = client.get(reverse("admin:hub_connection_change", args=[busy.pk])).content.decode()

    assert "Runs, last 7 days: 1 success, 1 partly failed or stopped, 1 failed." in page
    assert "?span=hours" in page
