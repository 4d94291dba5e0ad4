"""What becomes of a test of a connection that a colleague changes meanwhile."""

from __future__ import annotations

import pytest

from crm.models import User
from integrations.hub import connections, gates
from integrations.hub.credentials import Secrets
from integrations.hub.errors import Conflict
from integrations.hub.models import Connection, ConnectionState
from tests.integrations.hub.connecting import meanwhile
from tests.integrations.hub.echo import EchoVendor

pytestmark = pytest.mark.django_db


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
