"""Connecting, testing, pausing, mending and disconnecting an account at a vendor."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crm.models import User, Workspace
from integrations.hub import connections, handshake
from integrations.hub.errors import Conflict, InvalidSettings
from integrations.hub.models import Connection, ConnectionState, SyncJob, SyncRun
from integrations.hub.pump import pump
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import (
    command_make,
    post_event,
)
from tests.integrations.hub.connecting import connect
from tests.integrations.hub.echo import EchoVendor, status

pytestmark = pytest.mark.django_db


def test_connecting_proves_the_key_and_registers_for_events(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    connection = connect(workspace, actor)

    assert connection.state == ConnectionState.ACTIVE
    assert connection.attention == ""
    assert connection.remote_account_name == "Echo Ltd"
    assert connection.settings == {"days": 30, "hook_id": "acct_1"}
    assert connection.secret("webhook_secret") == echo.WEBHOOK_SECRET
    registered = next(seen for seen in vendor.requests if seen[1] == "/hooks")
    assert json.loads(registered[3])["url"] == handshake.webhook_url(connection)
    assert post_event(connection, {"id": "e", "kind": "x"}).status_code == 200
    assert SyncRun.objects.get().kind == "test"


def test_refused_key_keeps_the_connection_paused_and_says_why(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    connection = connect(workspace, actor, credentials={"api_key": "echo_live_wrong"})

    assert connection.state == ConnectionState.PAUSED
    assert connection.attention.startswith("Echo cannot be used: bad key The connection is kept")
    assert "“New credentials”" in connection.attention
    assert connection.secret("api_key") == "echo_live_wrong"
    assert SyncRun.objects.get().status == "failed"


def test_web_hook_that_cannot_be_registered_keeps_the_connection_paused(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    vendor.script = [lambda request: None, status(422)]

    connection = connect(workspace, actor)

    assert connection.state == ConnectionState.PAUSED
    assert "refused the web-hook: scripted" in connection.attention
    connections.connection_resume(connection, actor=actor)
    assert connection.state == ConnectionState.ACTIVE


def test_vendor_that_is_away_is_said_in_words(
    workspace: Workspace, settings: Any, actor: User
) -> None:
    settings.NEXA_SANDBOX_URL = "http://127.0.0.1:9"

    connection = connect(workspace, actor)

    assert connection.attention == "Echo cannot be used: The connection to the vendor broke."


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"credentials": {}}, "api_key"),
        ({"credentials": {"api_key": "nonsense"}}, "api_key"),
        ({"credentials": {"api_key": echo.API_KEY, "other": "x"}}, "other"),
        ({"settings": {"days": "many"}}, "days"),
        ({"settings": {"unknown": 1}}, "unknown"),
        ({"name": "  "}, "name"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_field(
    workspace: Workspace, actor: User, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidSettings) as refused:
        connect(workspace, actor, **values)

    assert list(refused.value.errors) == [field]
    assert "nonsense" not in str(refused.value)
    assert not Connection.objects.exists()


def test_name_in_use_is_refused(workspace: Workspace, vendor: EchoVendor, actor: User) -> None:
    connect(workspace, actor)

    with pytest.raises(Conflict, match="named Echo already"):
        connect(workspace, actor)


def test_test_brings_a_refused_connection_back(connection: Connection, vendor: EchoVendor) -> None:
    Connection.objects.update(state=ConnectionState.AUTH_FAILED, attention="x")
    connection.refresh_from_db()

    report = connections.connection_test(connection)

    assert report.is_ok
    assert report.message == "Echo answered: Echo Ltd. The web-hook was made."
    assert (connection.state, connection.attention) == (ConnectionState.ACTIVE, "")


def test_test_that_passes_is_the_last_answer(connection: Connection, vendor: EchoVendor) -> None:
    Connection.objects.update(last_success_at=None)

    connections.connection_test(connection)

    assert connection.last_success_at is not None


def test_test_of_a_paused_connection_leaves_it_paused(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    connections.connection_pause(connection, actor=actor)

    assert connections.connection_test(connection).is_ok
    assert connection.state == ConnectionState.PAUSED


def test_pause_holds_work_back_and_resume_lets_it_go(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    connections.connection_pause(connection, actor=actor)
    command_make(connection)
    assert pump(budget_seconds=0) == 0

    connections.connection_resume(connection, actor=actor)

    assert pump(budget_seconds=30) == 1
    with pytest.raises(Conflict):
        connections.connection_resume(connection, actor=actor)


def test_new_credentials_keep_what_was_left_blank(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    report = connections.credentials_replace(
        connection, credentials={"api_key": echo.API_KEY}, actor=actor
    )

    connection.refresh_from_db()
    assert report.is_ok
    assert connection.secret("webhook_secret") == echo.WEBHOOK_SECRET
    assert connection.token_version == 2


def test_wrong_key_leaves_the_working_one(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    with pytest.raises(Conflict, match=r"bad key.*kept"):
        connections.credentials_replace(
            connection, credentials={"api_key": "echo_live_wrong"}, actor=actor
        )

    stored = Connection.objects.get()
    assert stored.secret("api_key") == echo.API_KEY
    assert (stored.state, stored.token_version) == (ConnectionState.ACTIVE, 1)


def test_key_is_stored_when_the_vendor_gives_no_answer(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    vendor.always = status(503)

    report = connections.credentials_replace(
        connection, credentials={"api_key": "echo_live_new"}, actor=actor
    )

    stored = Connection.objects.get()
    assert not report.is_ok
    assert stored.secret("api_key") == "echo_live_new"
    assert (stored.state, stored.attention) == (ConnectionState.PAUSED, report.message)


def test_disconnect_takes_the_hook_away_and_erases_the_secrets(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    connection = connect(workspace, actor)
    command_make(connection)

    connections.connection_disconnect(connection, actor=actor)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.DISABLED
    assert dict(connection.credentials) == {}
    assert vendor.calls("/hooks/acct_1") == 1
    assert pump(budget_seconds=0) == 0
    assert SyncJob.objects.exists()


def test_vendor_that_refuses_cannot_keep_us_connected(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    vendor.always = status(500)

    connections.connection_disconnect(connection, actor=actor)

    assert connection.state == ConnectionState.DISABLED


def test_resume_without_an_answer_goes_on_and_says_so(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    connections.connection_pause(connection, actor=actor)
    vendor.always = status(500)

    report = connections.connection_resume(connection, actor=actor)

    assert not report.is_ok
    assert connection.state == ConnectionState.ACTIVE
    assert connection.attention == report.message
