"""An account at a vendor has one connection in a workspace, whatever comes and goes."""

from __future__ import annotations

import pytest

from crm.models import User, Workspace
from integrations.hub import connections
from integrations.hub.credentials import Secrets
from integrations.hub.errors import AlreadyConnected, Conflict
from integrations.hub.models import Connection, ConnectionState
from tests import factories
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import (
    connection_make,
    in_threads,
)
from tests.integrations.hub.connecting import connect, meanwhile
from tests.integrations.hub.echo import EchoVendor, status

pytestmark = pytest.mark.django_db


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
