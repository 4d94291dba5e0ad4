"""Connecting, testing, pausing, mending and disconnecting an account at a vendor."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from werkzeug.wrappers import Request

from crm.models import User, Workspace
from integrations.hub import connections, gates, handshake
from integrations.hub.credentials import Secrets
from integrations.hub.errors import AlreadyConnected, Conflict, InvalidSettings
from integrations.hub.models import Connection, ConnectionState, SyncJob, SyncRun
from integrations.hub.pump import pump
from tests import factories
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import (
    command_make,
    connection_make,
    in_threads,
    post_event,
)
from tests.integrations.hub.echo import EchoVendor, status

pytestmark = pytest.mark.django_db


def connect(workspace: Workspace, actor: User, **values: Any) -> Connection:
    given: dict[str, Any] = {
        "provider_id": "echo",
        "name": "Echo",
        "credentials": {"api_key": echo.API_KEY},
        "settings": {},
    }
    return connections.connection_create(workspace=workspace, actor=actor, **(given | values))


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


def test_key_of_another_account_leaves_the_connection_to_its_own(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    Connection.objects.update(remote_account_id="acct_ours", credentials=Secrets({"api_key": "a"}))
    connection.refresh_from_db()

    with pytest.raises(Conflict, match=r"another Echo account .*Make a new connection"):
        connections.credentials_replace(
            connection, credentials={"api_key": echo.API_KEY}, actor=actor
        )

    stored = Connection.objects.get()
    assert (stored.remote_account_id, stored.secret("api_key")) == ("acct_ours", "a")


def test_key_of_an_account_that_another_connection_has_is_refused(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    connection_make(workspace, remote_account_id="acct_1", name="First")
    connection = connection_make(workspace, credentials=Secrets({"api_key": "a"}))

    with pytest.raises(Conflict, match="connected already, as “First”"):
        connections.credentials_replace(
            connection, credentials={"api_key": echo.API_KEY}, actor=actor
        )

    connection.refresh_from_db()
    assert connection.secret("api_key") == "a"
    assert connection.state == ConnectionState.ACTIVE


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


def test_account_of_a_disconnected_connection_is_refused_and_nothing_is_kept(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    former = connect(workspace, actor)
    connections.connection_disconnect(former, actor=actor)

    with pytest.raises(AlreadyConnected, match=r"before, as “Echo”\. Connect that one") as refusal:
        connect(workspace, actor, name="Anew")

    assert Connection.objects.get().pk == refusal.value.holder == former.pk
    connections.credentials_replace(former, credentials={"api_key": echo.API_KEY}, actor=actor)
    assert Connection.objects.get().state == ConnectionState.ACTIVE


def two_of_one_account(workspace: Workspace) -> tuple[Connection, Connection]:
    """As they came about while an account could be connected anew."""
    former = connection_make(
        workspace,
        remote_account_id="acct_1",
        name="Former",
        state=ConnectionState.DISABLED,
        credentials=Secrets(),
    )
    return former, connection_make(workspace, remote_account_id="acct_1", name="Anew")


@pytest.mark.parametrize("answer", [200, 503])
def test_connection_does_not_come_back_to_an_account_that_another_has_by_now(
    workspace: Workspace, vendor: EchoVendor, actor: User, answer: int
) -> None:
    former, _ = two_of_one_account(workspace)
    vendor.always = None if answer == 200 else status(answer)

    with pytest.raises(Conflict, match="connected already, as “Anew”"):
        connections.credentials_replace(former, credentials={"api_key": echo.API_KEY}, actor=actor)

    former.refresh_from_db()
    assert (former.state, dict(former.credentials)) == (ConnectionState.DISABLED, {})


def test_one_of_two_former_connections_of_an_account_can_come_back(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    _, anew = two_of_one_account(workspace)
    connections.connection_disconnect(anew, actor=actor)

    report = connections.credentials_replace(
        anew, credentials={"api_key": echo.API_KEY}, actor=actor
    )

    assert report.is_ok
    anew.refresh_from_db()
    assert anew.state == ConnectionState.ACTIVE


def relic_and_live(workspace: Workspace) -> tuple[Connection, Connection]:
    """One that was disconnected long ago, and one that came while the vendor was silent."""
    relic, live = two_of_one_account(workspace)
    Connection.objects.filter(pk=live.pk).update(remote_account_id="", state=ConnectionState.PAUSED)
    live.refresh_from_db()
    return relic, live


def test_connection_at_work_keeps_its_account_from_one_disconnected_long_ago(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    relic, live = relic_and_live(workspace)
    vendor.always = status(500)
    connections.connection_resume(live, actor=actor)
    live.sync_records.create(object="thing", record_type="account", local_id=1, external_id="t1")
    vendor.always = None

    report = connections.connection_test(live)

    assert report.is_ok
    live.refresh_from_db()
    assert (live.state, live.remote_account_id) == (ConnectionState.ACTIVE, "acct_1")
    connections.connection_pause(live, actor=actor)
    assert connections.connection_resume(live, actor=actor).is_ok
    relic.refresh_from_db()
    with pytest.raises(Conflict, match="connected already, as “Anew”"):
        connections.credentials_replace(relic, credentials={"api_key": echo.API_KEY}, actor=actor)


def test_connection_that_never_worked_leaves_the_account_to_the_former_one(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    _, fresh = relic_and_live(workspace)

    with pytest.raises(AlreadyConnected, match=r"before, as “Former”\. Connect that one"):
        connections.connection_resume(fresh, actor=actor)

    fresh.refresh_from_db()
    assert (fresh.state, fresh.remote_account_id) == (ConnectionState.PAUSED, "")


def test_vendor_that_refuses_cannot_keep_us_connected(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    vendor.always = status(500)

    connections.connection_disconnect(connection, actor=actor)

    assert connection.state == ConnectionState.DISABLED


def test_account_that_is_connected_already_is_refused_and_nothing_is_kept(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    connect(workspace, actor)

    with pytest.raises(AlreadyConnected, match="connected already, as “Echo”"):
        connect(workspace, actor, name="Twin")

    assert Connection.objects.get().name == "Echo"


def test_same_account_may_be_connected_in_another_workspace(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    connect(workspace, actor)

    assert connect(factories.workspace_make(), actor).state == ConnectionState.ACTIVE


def test_twin_from_before_is_paused_by_its_test_and_cannot_resume(
    workspace: Workspace, connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    twin = connection_make(workspace, remote_account_id="acct_1")
    Connection.objects.filter(pk=connection.pk).update(remote_account_id="acct_1")
    connection.refresh_from_db()

    report = connections.connection_test(twin)

    assert not report.is_ok
    assert (twin.state, twin.attention) == (ConnectionState.PAUSED, report.message)
    with pytest.raises(AlreadyConnected):
        connections.connection_resume(twin, actor=actor)
    assert connections.connection_test(connection).is_ok


@pytest.mark.django_db(transaction=True)
def test_two_people_cannot_connect_one_account_at_once(
    workspace: Workspace, vendor: EchoVendor, actor: User
) -> None:
    def attempt(number: int) -> bool:
        try:
            connect(workspace, actor, name=f"Echo {number}")
        except AlreadyConnected:
            return False
        return True

    assert sorted(in_threads(3, attempt)) == [False, False, True]
    assert Connection.objects.count() == 1


def test_resume_without_an_answer_goes_on_and_says_so(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    connections.connection_pause(connection, actor=actor)
    vendor.always = status(500)

    report = connections.connection_resume(connection, actor=actor)

    assert not report.is_ok
    assert connection.state == ConnectionState.ACTIVE
    assert connection.attention == report.message


def meanwhile(act: Callable[[], object]) -> echo.Answer:
    """A colleague acts while the vendor takes its time; then it answers as usual."""

    def answer(request: Request) -> None:
        try:
            act()
        finally:
            database.close()

    return answer


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [ConnectionState.ACTIVE, ConnectionState.AUTH_FAILED])
def test_test_leaves_a_connection_disconnected_meanwhile_as_it_is(
    connection: Connection, vendor: EchoVendor, actor: User, state: ConnectionState
) -> None:
    Connection.objects.update(state=state)
    connection.refresh_from_db()
    colleagues = Connection.objects.get()
    vendor.script = [
        lambda request: None,
        meanwhile(lambda: connections.connection_disconnect(colleagues, actor=actor)),
    ]

    if state == ConnectionState.ACTIVE:
        assert "changed or disconnected" in connections.connection_test(connection).message
    else:
        with pytest.raises(Conflict, match="disconnected"):
            connections.connection_test(connection)

    stored = Connection.objects.get()
    assert (stored.state, stored.attention, stored.settings) == (ConnectionState.DISABLED, "", {})
    assert dict(stored.credentials) == {}
    assert vendor.requests[-1][:2] == ("DELETE", "/hooks/acct_1")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("call", [0, 1])
def test_test_that_passes_leaves_a_connection_stopped_meanwhile_with_the_reason(
    connection: Connection, vendor: EchoVendor, call: int
) -> None:
    workers = Connection.objects.get()
    stop = meanwhile(lambda: gates.permission_missing(workers, "no scope"))
    vendor.script = [*[lambda request: None] * call, stop]

    report = connections.connection_test(connection)

    assert report.is_ok
    assert connection.state == ConnectionState.AUTH_FAILED
    assert "no scope" in connection.attention


@pytest.mark.django_db(transaction=True)
def test_test_writes_no_replaced_key_back(connection: Connection, vendor: EchoVendor) -> None:
    def replace_key() -> None:
        Connection.objects.update(credentials=Secrets({"api_key": "new"}), token_version=2)

    vendor.script = [lambda request: None, meanwhile(replace_key)]

    report = connections.connection_test(connection)

    stored = Connection.objects.get()
    assert not report.is_ok
    assert dict(stored.credentials) == {"api_key": "new"}
    assert stored.attention == report.message
    assert vendor.requests[-1][:2] == ("DELETE", "/hooks/acct_1")


@pytest.mark.django_db(transaction=True)
def test_refused_account_does_not_bring_a_disconnected_connection_back(
    workspace: Workspace, connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    Connection.objects.update(remote_account_id="acct_1")
    twin = connection_make(workspace)
    colleagues = Connection.objects.get(pk=twin.pk)
    vendor.script = [meanwhile(lambda: connections.connection_disconnect(colleagues, actor=actor))]

    with pytest.raises(Conflict, match="disconnected"):
        connections.connection_test(twin)

    twin.refresh_from_db()
    assert twin.state == ConnectionState.DISABLED
