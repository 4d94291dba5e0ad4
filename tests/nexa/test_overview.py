"""The console's first page and its menu: what needs a person is counted, shown and linked."""

from __future__ import annotations

import datetime

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.models import User, Workspace
from integrations.hub import overview as hub
from integrations.hub.models import (
    Connection,
    ConnectionState,
    FailedRound,
    InboxEvent,
    InboxState,
    JobKind,
    JobState,
    RunKind,
    RunStatus,
    SyncJob,
    SyncRun,
)
from integrations.hub.overview import HourOfTraffic
from integrations.hub.watchdog import beat
from nexa.overview_chart import traffic_chart
from tests import factories

pytestmark = pytest.mark.django_db

# Session, user, membership, health, traffic, oldest dead rows, connections, runs, heartbeats,
# imports at work, dead rows of the menu.
QUERIES = 15


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace, provider="stripe", name="Main account", credentials={}
    )


def event_make(connection: Connection, *, hours_ago: float = 0, **fields: object) -> InboxEvent:
    return InboxEvent.objects.create(
        connection=connection,
        provider=connection.provider,
        event_id=factories.unique("evt"),
        received_at=timezone.now() - datetime.timedelta(hours=hours_ago),
        **fields,
    )


def job_make(connection: Connection, **fields: object) -> SyncJob:
    values = {"kind": JobKind.PUSH, "record_type": "account", "record_id": 1, "lane": 1}
    return SyncJob.objects.create(connection=connection, **(values | fields))


def overview_page(client: Client) -> str:
    return client.get(reverse("admin:index")).content.decode()


def figure(client: Client, label: str) -> int:
    page = client.get(reverse("admin:index"))
    return next(one.value for one in page.context["figures"] if one.label.startswith(label))


def test_empty_overview_says_what_to_do(operator_client: Client) -> None:
    page = overview_page(operator_client)

    assert "No workspace is connected to anything yet" in page
    assert "Nothing has run yet" in page
    assert "Nothing is dead" in page
    assert "No sign of life yet: start the cluster" in page


def test_dead_rows_are_counted_listed_and_linked(
    operator_client: Client, connection: Connection
) -> None:
    job = job_make(connection, state=JobState.DEAD, reason="transient", last_error="Timed out.")
    event = event_make(connection, state=InboxState.DEAD, reason="invalid")

    page = overview_page(operator_client)

    assert figure(operator_client, "Dead letters") == 2
    assert reverse("admin:hub_syncjob_change", args=[job.pk]) in page
    assert reverse("admin:hub_inboxevent_change", args=[event.pk]) in page
    assert "Timed out." in page
    assert "Mend the record as the error says" in page


def test_oldest_dead_come_first_and_not_all(connection: Connection) -> None:
    now = timezone.now()
    jobs = [
        job_make(
            connection,
            lane=number,
            state=JobState.DEAD,
            finished_at=now - datetime.timedelta(days=number),
        )
        for number in range(hub.DEAD_SHOWN + 2)
    ]

    shown = hub.oldest_dead()

    assert len(shown) == hub.DEAD_SHOWN
    assert shown[0].died_at < shown[-1].died_at  # type: ignore[operator]
    assert {row.pk for row in shown} <= {job.pk for job in jobs}


def test_connection_that_needs_a_person_is_counted(
    operator_client: Client, connection: Connection
) -> None:
    Connection.objects.create(
        workspace=connection.workspace,
        provider="stripe",
        name="Broken",
        credentials={},
        state=ConnectionState.AUTH_FAILED,
    )

    listed = operator_client.get(reverse("admin:hub_connection_changelist"), {"attention": "yes"})

    assert figure(operator_client, "Connections") == 1
    assert [one.name for one in listed.context["cl"].result_list] == ["Broken"]


def test_traffic_counts_the_last_day_by_hour(connection: Connection) -> None:
    event_make(connection, hours_ago=30)
    event_make(connection, hours_ago=3)
    event_make(connection)

    hours = hub.traffic()

    assert len(hours) == hub.HOURS
    assert hours[-1].hour + datetime.timedelta(hours=1) > timezone.now()
    assert [one.events for one in hours if one.events] == [1, 1]


def test_traffic_of_nothing_is_zeros(db: None) -> None:
    assert {(one.events, one.tries, one.failed) for one in hub.traffic()} == {(0, 0, 0)}


def test_strip_shows_the_last_runs_in_words(
    operator_client: Client, connection: Connection
) -> None:
    SyncRun.objects.create(
        connection=connection,
        kind=RunKind.PUSH,
        status=RunStatus.PARTIAL,
        total=14,
        synced=4,
        failed=1,
        skipped=9,
    )

    page = overview_page(operator_client)

    assert "Main account: Push, partly failed, 4 done, 1 failed, 9 with nothing to do" in page


def test_engine_that_worked_just_now_is_alive(operator_client: Client) -> None:
    beat("tick")
    beat("pump")

    signs = operator_client.get(reverse("admin:index")).context["signs"]

    assert {sign.tone for sign in signs} == {"ok"}


def test_round_that_fails_is_told(operator_client: Client) -> None:
    FailedRound.objects.create(name="retention", message="boom", times=3)

    sign = next(
        one
        for one in operator_client.get(reverse("admin:index")).context["signs"]
        if one.label == "Queue"
    )

    assert sign.tone == "err"
    assert "The round “retention” fails" in sign.words


def test_disk_that_is_nearly_full_is_told(operator_client: Client, settings, tmp_path) -> None:
    settings.GROWING_FOLDERS, settings.DISK_RESERVE_BYTES = [tmp_path], 2**60

    page = operator_client.get(reverse("admin:index"))

    sign = next(one for one in page.context["signs"] if one.label == "Disk")
    assert sign.tone == "err"
    assert "web-hooks are answered 503 and pulls wait" in page.content.decode()


def test_overview_asks_the_database_a_fixed_number_of_times(
    operator_client: Client, connection: Connection
) -> None:
    for number in range(3):
        job_make(connection, lane=number, state=JobState.DEAD)
        event_make(connection, state=InboxState.DEAD)
        SyncRun.objects.create(connection=connection, kind=RunKind.PUSH, status=RunStatus.SUCCESS)
    overview_page(operator_client)

    with CaptureQueriesContext(database) as asked:
        overview_page(operator_client)

    assert len(asked) == QUERIES, "\n\n".join(one["sql"] for one in asked)


def test_chart_has_what_came_in_beside_the_tries() -> None:
    hour = timezone.now()

    chart = traffic_chart([HourOfTraffic(hour, 10, 4, 1), HourOfTraffic(hour, 0, 0, 0)], "Said.")

    assert [bar.kind for bar in chart.bars] == ["accent", "err", "soft"]
    assert chart.rows[0] == (f"{hour:%H:%M}", ["10", "1", "3"])
    assert chart.words == "Said."


def test_each_connection_has_its_last_runs_drawn(
    operator_client: Client, connection: Connection
) -> None:
    for status in (RunStatus.SUCCESS, RunStatus.SUCCESS, RunStatus.FAILED):
        SyncRun.objects.create(connection=connection, kind=RunKind.PUSH, status=status)

    page = overview_page(operator_client)

    assert "Runs, last 7 days: 2 success, 1 failed." in page


def test_menu_holds_every_page_once(operator_client: Client) -> None:
    groups = operator_client.get(reverse("admin:index")).context["sidebar_navigation"]

    items = [item for group in groups for item in group["items"]]
    pages = [reverse("admin:index")] + [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    ]
    assert sorted(item["link"] for item in items) == sorted(pages)
    assert len({item["title"] for item in items}) == len(items)


def test_menu_counts_dead_rows(operator_client: Client, connection: Connection) -> None:
    job_make(connection, state=JobState.DEAD)

    page = operator_client.get(reverse("admin:crm_contact_changelist")).content.decode()

    assert "1 dead" in page
    assert "0 dead" not in page


def test_menu_tells_companies_from_sign_in_addresses(operator_client: Client) -> None:
    page = overview_page(operator_client)

    addresses = operator_client.get(reverse("admin:account_emailaddress_changelist"))
    assert "Companies (accounts)" in page
    assert "Sign-in e-mail addresses" in page
    assert addresses.context["opts"].app_config.verbose_name == "Sign-in"


def test_search_of_the_menu_knows_its_names(operator_client: Client) -> None:
    found = operator_client.get(reverse("admin:search"), {"s": "companies"}).content.decode()

    assert reverse("admin:crm_account_changelist") in found


def test_staff_with_few_rights_see_their_pages_only(client: Client) -> None:
    staff = factories.user_make(is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_contact"))
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")

    page = client.get(reverse("admin:index"))
    refused = client.get(reverse("admin:hub_syncjob_changelist"))

    assert "Your rights cover the pages in the menu" in page.content.decode()
    assert [group["title"] for group in page.context["sidebar_navigation"]] == ["", "Records"]
    assert refused.status_code == 403
    assert "An operator with full rights" in refused.content.decode()


def test_member_is_told_what_the_console_is(sales_client: Client, salesperson: User) -> None:
    refused = sales_client.get(reverse("admin:index"), follow=True)

    said = refused.content.decode()
    assert refused.status_code == 403
    assert "The console is for operators" in said
    assert f'href="{reverse("crm:home")}"' in said
