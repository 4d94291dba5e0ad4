"""The pages of integrations: connect, look, test, pause, new credentials, disconnect."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Workspace
from integrations.hub import gates
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection, ConnectionState
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import command_make, connection_make

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(connection: Connection, name: str = "detail") -> str:
    return reverse(f"hub:connection_{name}", args=[connection.pk])


def connect(client: Client, **values: str) -> Any:
    form = {"name": "Shop", "credential_api_key": echo.API_KEY, **values}
    return client.post(reverse("hub:connection_new", args=["echo"]), form, follow=True)


def test_connecting_tests_the_credentials_and_registers(
    admin_client: Client, workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    page = connect(admin_client)

    connection = Connection.objects.get(workspace=workspace)
    assert page.request["PATH_INFO"] == page_of(connection)
    assert connection.state == ConnectionState.ACTIVE
    assert "is connected" in page.content.decode()


def test_refused_credentials_are_kept_and_said(
    admin_client: Client, workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    page = connect(admin_client, credential_api_key="echo_live_wrongKey000")

    connection = Connection.objects.get(workspace=workspace)
    assert connection.state == ConnectionState.PAUSED
    assert "Needs attention" in page.content.decode()
    listed = admin_client.get(reverse("hub:integration_list")).content.decode()
    assert connection.attention[:40] in listed


def test_refusal_is_said_once(
    admin_client: Client, workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    page = connect(admin_client, credential_api_key="echo_live_wrongKey000").content.decode()

    assert page.count("The connection is kept, paused") == 1
    connection = Connection.objects.get(workspace=workspace)
    tested = admin_client.post(page_of(connection, "test"), follow=True).content.decode()
    resumed = admin_client.post(page_of(connection, "resume"), follow=True).content.decode()
    # At the top and in the line of each test's own in the log.
    assert tested.count("Echo cannot be used") == 1 + 2
    assert resumed.count("Echo cannot be used") == 1 + 3


def test_secret_is_never_sent_back(
    admin_client: Client, workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    refused = connect(admin_client, name="")
    connect(admin_client)
    connection = Connection.objects.get(workspace=workspace)
    pages = [page_of(connection), page_of(connection, "credentials")]

    shown = [refused.content, *(admin_client.get(page).content for page in pages)]

    assert not any(echo.API_KEY.encode() in content for content in shown)


def test_name_in_use_is_said_on_the_form(
    admin_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    page = connect(admin_client, name=connection.name)

    assert "Choose another name" in page.content.decode()
    assert Connection.objects.count() == 1


def test_account_that_is_connected_already_is_said_on_the_form(
    admin_client: Client, workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    connect(admin_client)

    page = connect(admin_client, name="Twin").content.decode()

    assert "connected already, as “Shop”" in page
    assert Connection.objects.count() == 1


def test_form_leads_to_the_connection_that_had_the_account_before(
    admin_client: Client, workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    connect(admin_client, name="<Shop>")
    Connection.objects.update(state=ConnectionState.DISABLED)
    former = Connection.objects.get()

    page = connect(admin_client, name="Anew").content.decode()

    assert "connected before, as “&lt;Shop&gt;”. Connect that one again" in page
    assert f'href="{page_of(former, "credentials")}">Connect &lt;Shop&gt; again</a>' in page
    assert Connection.objects.count() == 1


def test_unknown_provider_is_not_found(admin_client: Client) -> None:
    assert admin_client.get(reverse("hub:connection_new", args=["nobody"])).status_code == 404


def test_list_shows_each_provider_with_its_connections(
    sales_client: Client, connection: Connection
) -> None:
    page = sales_client.get(reverse("hub:integration_list")).content.decode()

    assert echo.provider.summary in page
    assert connection.name in page


def test_account_whose_name_tells_its_id_is_named_once(
    admin_client: Client, connection: Connection
) -> None:
    told = {"remote_account_name": "Portal 62515", "remote_account_id": "62515"}
    Connection.objects.update(**told)

    page = admin_client.get(page_of(connection)).content.decode()

    assert page.count("62515") == 1


def test_test_button_says_what_the_vendor_answered(
    admin_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    page = admin_client.post(page_of(connection, "test"), follow=True).content.decode()

    assert "Echo answered: Echo Ltd. The web-hook was made." in page
    assert "<dt>Web-hook</dt><dd>The web-hook was made." in page
    assert connection.sync_runs.get().kind == "test"


def test_pause_and_resume(
    admin_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    admin_client.post(page_of(connection, "pause"))
    paused = Connection.objects.get(pk=connection.pk).state
    page = admin_client.post(page_of(connection, "resume"), follow=True).content.decode()

    assert paused == ConnectionState.PAUSED
    assert "is active again. Waiting work goes on now. Echo answered" in page
    assert Connection.objects.get(pk=connection.pk).state == ConnectionState.ACTIVE


def test_stop_that_names_resume_has_its_button(
    admin_client: Client, connection: Connection
) -> None:
    gates.permission_missing(connection, "no such scope")

    page = admin_client.get(page_of(connection, "detail")).content.decode()

    assert "press Resume" in page
    assert page_of(connection, "resume") in page


def test_refused_credentials_are_no_pause(admin_client: Client, connection: Connection) -> None:
    gates.auth_failed(connection, "401")

    page = admin_client.get(page_of(connection, "detail")).content.decode()

    assert page_of(connection, "resume") not in page


def test_resume_that_fails_its_test_does_not_say_that_work_goes_on(
    admin_client: Client, workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    refused = connection_make(
        workspace,
        state=ConnectionState.PAUSED,
        credentials=Secrets({"api_key": "echo_live_wrongKey000"}),
    )

    page = admin_client.post(page_of(refused, "resume"), follow=True).content.decode()

    assert "it did not pass its test" in page
    assert "Waiting work goes on now" not in page


def test_refusal_says_what_a_role_may_not_do_and_who_may(
    viewer_client: Client, connection: Connection
) -> None:
    said = viewer_client.post(page_of(connection, "pause")).content.decode()

    assert "Your role (Viewer) may not connect systems, map their fields" in said
    assert "In this workspace an admin or owner may." in said


def test_new_credentials_take_the_connection_back_into_service(
    admin_client: Client, workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    broken = connection_make(workspace, state=ConnectionState.AUTH_FAILED)
    form = {"credential_api_key": echo.API_KEY}

    admin_client.post(page_of(broken, "credentials"), form)

    assert Connection.objects.get(pk=broken.pk).state == ConnectionState.ACTIVE


def test_disconnect_asks_for_the_name_and_says_what_goes(
    admin_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    command_make(connection)
    asked = admin_client.get(page_of(connection, "disconnect")).content.decode()
    admin_client.post(page_of(connection, "disconnect"), {"name": "something else"})
    kept = Connection.objects.get(pk=connection.pk).state
    admin_client.post(page_of(connection, "disconnect"), {"name": connection.name})

    gone = Connection.objects.get(pk=connection.pk)
    assert "1 waiting" in asked
    assert kept == ConnectionState.ACTIVE
    assert (gone.state, len(gone.credentials)) == (ConnectionState.DISABLED, 0)


@pytest.mark.parametrize("name", ["test", "pause", "resume", "credentials", "disconnect"])
def test_member_looks_but_does_not_touch(
    sales_client: Client, connection: Connection, name: str
) -> None:
    assert sales_client.get(page_of(connection)).status_code == 200
    assert sales_client.post(page_of(connection, name), {"name": "x"}).status_code == 403


@pytest.mark.parametrize("name", ["detail", "test", "pause", "resume", "credentials", "disconnect"])
def test_connection_of_another_workspace_is_not_found(
    outsider_client: Client, connection: Connection, name: str
) -> None:
    method = outsider_client.get if name == "detail" else outsider_client.post

    assert method(page_of(connection, name)).status_code == 404


def test_detail_page_takes_few_queries(
    sales_client: Client, connection: Connection, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        command_make(connection)

    with django_assert_max_num_queries(12):
        sales_client.get(page_of(connection))
