"""What `/metrics` says and to whom: figures of all connections, no secret, no name of a person."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families

from crm.models import Workspace
from integrations.hub.models import (
    Attempt,
    Connection,
    ConnectionState,
    InboxEvent,
    InboxState,
    JobKind,
    JobState,
    QuarantinedItem,
    RunKind,
    RunStatus,
    SyncConflict,
    SyncJob,
    SyncRecord,
    SyncRun,
    SyncState,
)
from integrations.hub.watchdog import beat
from nexa import VERSION
from nexa.redaction import redact
from tests import factories

pytestmark = pytest.mark.django_db

TOKEN = "a-token-that-only-the-monitor-has"
PROJECT = Path(__file__).resolve().parents[2]
# The statement's limit of time, connections, heartbeats, inbound, budgets (2), jobs, tries and
# streams, and a savepoint around them as tests run within a transaction (2).
QUERIES = 11

Said = dict[tuple[str, ...], float]


@pytest.fixture
def token(settings: Any) -> str:
    settings.NEXA_METRICS_TOKEN = TOKEN
    return TOKEN


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    return connection_make(workspace)


def connection_make(workspace: Workspace, **fields: Any) -> Connection:
    values = {"provider": "stripe", "name": factories.unique("Main"), "credentials": {}}
    return Connection.objects.create(workspace=workspace, **(values | fields))


def ask(token: str = TOKEN, client: Client | None = None, **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {token}", **headers} if token else headers
    return (client or Client()).get(reverse("metrics"), headers=sent)


def said(response: Any) -> Said:
    """Each sample by its name and the values of its labels in their order, without two of them."""
    assert response.status_code == 200, response.content
    found: Said = {}
    for family in text_string_to_metric_families(response.content.decode()):
        for sample in family.samples:
            own = {k: v for k, v in sample.labels.items() if k not in ("provider", "workspace")}
            found[(sample.name, *own.values())] = sample.value
    return found


# --- The door -----------------------------------------------------------------------------------


def test_without_a_token_the_page_is_there_for_operators_only(
    operator_client: Client, admin_client: Client
) -> None:
    staff = Client()
    staff.force_login(
        factories.user_make(is_staff=True), backend="django.contrib.auth.backends.ModelBackend"
    )

    strangers = [ask("", client=one).status_code for one in (Client(), admin_client, staff)]

    assert strangers == [404, 404, 404]
    assert ask("anything").status_code == 404
    assert ask("", client=operator_client).status_code == 200


def test_token_opens_the_page_and_another_does_not(token: str, operator_client: Client) -> None:
    refused = [ask(one) for one in ("", "another", TOKEN[:-1], f"{TOKEN}é")]

    assert [one.status_code for one in refused] == [401] * 4
    assert refused[0]["WWW-Authenticate"].startswith("Bearer")
    assert ask().status_code == 200
    assert ask("", client=operator_client).status_code == 200
    assert Client().post(reverse("metrics")).status_code == 405


def test_token_is_taken_out_of_logs(token: str) -> None:
    assert TOKEN not in redact(f"asked with {TOKEN}")


def test_monitor_gets_the_form_it_asks_for(token: str) -> None:
    plain = ask(Accept="text/plain;version=0.0.4")
    open_metrics = ask(Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")

    assert plain["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "no-cache" in plain["Cache-Control"]
    assert open_metrics["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert open_metrics.content.endswith(b"# EOF\n")


@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_answer_says_so(token: str) -> None:
    database.close()
    before = database.settings_dict["HOST"], database.settings_dict["PORT"]
    database.settings_dict["HOST"], database.settings_dict["PORT"] = "127.0.0.1", "1"
    try:
        response = ask()
    finally:
        database.close()
        database.settings_dict["HOST"], database.settings_dict["PORT"] = before

    assert response.status_code == 503
    assert response.content == b"The database does not answer."


# --- What is said -------------------------------------------------------------------------------


def test_installation_without_connections_has_figures(token: str) -> None:
    beat("pump")

    found = said(ask())

    assert found["nexa_info", VERSION] == 1
    assert 0 <= found["nexa_heartbeat_age_seconds", "workers"] < 60
    assert ("nexa_heartbeat_age_seconds", "scheduler") not in found
    assert found["nexa_inbound_records",] == 0
    assert ("nexa_echo_ratio",) not in found


def test_version_is_that_of_the_project() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == VERSION


def job_make(connection: Connection, seconds_ago: float = 0, **fields: Any) -> SyncJob:
    at = Now() - timedelta(seconds=seconds_ago)
    values = {"kind": JobKind.PUSH, "record_type": "account", "record_id": 1, "run_at": at}
    lane = SyncJob.objects.count() + 1
    return SyncJob.objects.create(connection=connection, lane=lane, **(values | fields))


def test_work_that_waits_or_died_is_counted_by_kind(token: str, connection: Connection) -> None:
    job_make(connection, 90)
    job_make(connection, 30, kind=JobKind.COMMAND)
    job_make(connection, -600)
    job_make(connection, 900, state=JobState.DEAD)
    job_make(connection, 900, state=JobState.DONE)
    for number, state in enumerate((InboxState.RECEIVED, InboxState.DEAD, InboxState.DONE)):
        InboxEvent.objects.create(
            connection=connection, provider="stripe", event_id=f"evt_{number}", state=state
        )
    name = str(connection.pk)

    found = said(ask())

    assert found["nexa_jobs", name, "push", "ready"] == 2
    assert found["nexa_jobs", name, "command", "ready"] == 1
    assert found["nexa_jobs", name, "push", "dead"] == 1
    assert 90 <= found["nexa_oldest_due_job_age_seconds", name] < 120
    assert found["nexa_inbox_events", name, "waiting"] == 1
    assert found["nexa_inbox_events", name, "dead"] == 1


def try_make(connection: Connection, minutes_ago: float, lag: float, **fields: Any) -> Attempt:
    """A try of a job of its own, done `lag` seconds after the change."""
    ended = Now() - timedelta(minutes=minutes_ago)
    job = job_make(connection, state=JobState.DONE)
    SyncJob.objects.filter(pk=job.pk).update(
        created_at=ended - timedelta(seconds=lag), finished_at=ended
    )
    values = {"outcome": "done", "code": "", "number": 1, "generation": 1, "is_counted": True}
    return Attempt.objects.create(job=job, started_at=ended, **(values | fields))


def test_tries_of_the_last_hour_are_counted_by_class_with_the_lag_of_what_was_done(
    token: str, connection: Connection
) -> None:
    try_make(connection, minutes_ago=61, lag=1000)
    for lag in (1, 2, 3):
        try_make(connection, minutes_ago=5, lag=lag)
    try_make(connection, minutes_ago=4, lag=500, outcome="again", code="transient")
    try_make(connection, minutes_ago=3, lag=500, outcome="dead", code="bug:0a1b2c3d4e5f")
    name = str(connection.pk)

    found = said(ask())

    assert found["nexa_attempts", name, "", "done"] == 3
    assert found["nexa_attempts", name, "transient", "again"] == 1
    assert found["nexa_attempts", name, "bug", "dead"] == 1
    assert found["nexa_job_lag_seconds", name, "0.5"] == pytest.approx(2)
    assert found["nexa_job_lag_seconds", name, "0.95"] == pytest.approx(2.9)


def test_connection_in_trouble_shows_it(token: str, connection: Connection) -> None:
    Connection.objects.update(
        gate_until=Now() + timedelta(seconds=120), gate_reason="breaker", breaker_state="open"
    )
    links = [
        SyncRecord.objects.create(
            connection=connection,
            object="people",
            record_type="contact",
            local_id=number,
            external_id=str(number),
            state=state,
        )
        for number, state in enumerate(("active", "active", "quarantined", "tombstone"))
    ]
    SyncRecord.objects.filter(pk=links[1].pk).update(problems={"title": "too long"})
    for number, state in enumerate(("open", "open", "resolved")):
        SyncConflict.objects.create(
            connection=connection,
            link=links[number],
            object="people",
            record_type="contact",
            local_id=number,
            field="title",
            rule="ask",
            state=state,
            is_in_doubt=number == 0,
        )
    QuarantinedItem.objects.create(
        connection=connection, object="people", external_id="9", code="invalid", message="No."
    )
    name = str(connection.pk)

    found = said(ask())

    assert found["nexa_breaker_open", name] == 1
    assert 100 < found["nexa_gate_seconds", name, "breaker"] <= 120
    assert found["nexa_connection_state", name, "active"] == 1
    assert found["nexa_links", name, "active"] == 2
    assert found["nexa_links", name, "quarantined"] == 1
    assert found["nexa_links", name, "tombstone"] == 1
    assert found["nexa_conflicts_open", name] == 2
    assert found["nexa_conflicts_in_doubt", name] == 1
    assert found["nexa_quarantined_items", name] == 1
    assert found["nexa_api_budget_used_ratio", name] == 0


def test_gate_whose_time_is_over_is_none(token: str, connection: Connection) -> None:
    Connection.objects.update(gate_until=Now() - timedelta(seconds=5), gate_reason="rate")

    assert said(ask())["nexa_gate_seconds", str(connection.pk), ""] == 0


def test_streams_say_how_far_they_are(token: str, connection: Connection) -> None:
    SyncState.objects.create(
        connection=connection,
        object="people",
        stage="live",
        cursor={"at": "2020-01-01T00:00:00+00:00"},
        coverage={"percent": 97.5},
    )
    SyncState.objects.create(connection=connection, object="firms", stage="live", direction="push")
    SyncState.objects.create(connection=connection, object="deals", coverage={"percent": 1})
    name = str(connection.pk)

    found = said(ask())

    assert found["nexa_stream_behind_seconds", name, "people"] > 5 * 365 * 86400
    assert found["nexa_stream_coverage_ratio", name, "people"] == 0.975
    assert not [key for key in found if key[0].startswith("nexa_stream") and key[2] != "people"]


def test_echoes_are_what_came_in_and_wrote_nothing(token: str, connection: Connection) -> None:
    def run_make(kind: RunKind, total: int, **counts: Any) -> None:
        values = {"object": "people", "status": RunStatus.SUCCESS, "synced": total}
        SyncRun.objects.create(connection=connection, kind=kind, total=total, **(values | counts))

    run_make(RunKind.PULL, 50, started_at=Now() - timedelta(minutes=61))
    run_make(RunKind.PULL, 6, created=1, updated=2)
    run_make(RunKind.INBOX, 4, deleted=1, failed=1)
    run_make(RunKind.FULL, 100)
    run_make(RunKind.INBOX, 30, object="")

    found = said(ask())

    assert found["nexa_inbound_records",] == 10
    assert found["nexa_echo_ratio",] == 0.5


def test_labels_hold_ids_and_no_name_or_secret(token: str, workspace: Workspace) -> None:
    connection = connection_make(
        workspace,
        name="Ada Lovelace",
        remote_account_name="ada@acme.test",
        credentials={"api_key": "hunter2"},
    )
    job_make(connection, last_error="hunter2")

    text = ask().content.decode()

    labels = f'connection="{connection.pk}",provider="stripe",workspace="{workspace.slug}"'
    assert f"nexa_breaker_open{{{labels}}} 0.0" in text
    assert not [one for one in ("Ada", "acme", "hunter2", workspace.name) if one in text]


def test_disconnected_connection_is_left_out(token: str, connection: Connection) -> None:
    job_make(connection)
    Connection.objects.update(state=ConnectionState.DISABLED)

    assert not [key for key in said(ask()) if key[1:2] == (str(connection.pk),)]


def test_statements_are_as_many_for_many_connections_as_for_one(
    token: str, workspace: Workspace, django_assert_num_queries: Any
) -> None:
    connection_make(workspace)
    with django_assert_num_queries(QUERIES):
        ask()
    for _ in range(60):
        job_make(connection_make(workspace))

    with django_assert_num_queries(QUERIES):
        found = said(ask())

    assert len([key for key in found if key[0] == "nexa_jobs"]) == 60
