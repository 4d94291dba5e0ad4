"""Signing in again keeps what the connection has, its cursors, links and mappings."""

from __future__ import annotations

import pytest
from django.test import Client

from crm.models import User, Workspace
from integrations.hub import connections
from integrations.hub.credentials import Secrets
from integrations.hub.models import (
    AuthKind,
    Connection,
    ConnectionState,
    JobState,
    OAuthAttempt,
    SyncRecord,
    SyncState,
)
from integrations.hub.pump import pump
from tests.integrations.hub.conftest import account_make, command_make
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor
from tests.integrations.hub.oauth.signing_in import (
    again,
    consented,
    onward,
    refused,
    signed_in_by,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("application")]


@pytest.mark.parametrize("state", [ConnectionState.AUTH_FAILED, ConnectionState.DISABLED])
def test_connecting_again_keeps_cursors_links_and_the_row(
    admin_client: Client, connection: Connection, vendor: AcmeVendor, state: ConnectionState
) -> None:
    account = account_make(connection.workspace)
    SyncRecord.objects.create(
        connection=connection,
        object="thing",
        record_type="account",
        local_id=account.pk,
        external_id="thing_1",
    )
    SyncState.objects.create(connection=connection, object="thing", cursor="2026-11-01")
    Connection.objects.update(state=state, credentials=Secrets({"webhook_secret": "kept"}))

    page = signed_in_by(admin_client, again(connection)).content.decode()

    now = Connection.objects.get()
    assert "is connected." in page
    assert (now.pk, now.state) == (connection.pk, ConnectionState.ACTIVE)
    assert now.token_version > connection.token_version
    assert now.secret("refresh_token") == vendor.grants[-1].refresh
    assert SyncRecord.objects.get().external_id == "thing_1"
    assert SyncState.objects.get().cursor == "2026-11-01"
    assert acme.call(now, "GET", "/account")["id"] == "acct_1"


def test_connecting_again_with_another_account_changes_nothing(
    admin_client: Client, connection: Connection, vendor: AcmeVendor
) -> None:
    Connection.objects.update(state=ConnectionState.AUTH_FAILED)
    vendor.account_id = "acct_2"

    said = refused(admin_client, consented(onward(admin_client, again(connection))))

    now = Connection.objects.get()
    assert "opens another Acme account" in said
    assert now.secret("refresh_token") == connection.secret("refresh_token")
    assert (now.state, now.remote_account_id) == (ConnectionState.AUTH_FAILED, "acct_1")


def test_work_that_waited_for_new_access_goes_on(
    admin_client: Client, connection: Connection, vendor: AcmeVendor
) -> None:
    job = command_make(connection)
    vendor.uninstall()
    pump(budget_seconds=0)
    assert Connection.objects.get().state == ConnectionState.AUTH_FAILED

    signed_in_by(admin_client, again(connection))
    pump(budget_seconds=5)

    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_act_that_waited_when_it_was_disconnected_is_not_made_up_for(
    admin_client: Client, admin: User, connection: Connection, vendor: AcmeVendor
) -> None:
    job = command_make(connection)
    connections.connection_disconnect(connection, actor=admin)

    signed_in_by(admin_client, again(connection))
    pump(budget_seconds=0)

    job.refresh_from_db()
    assert (job.state, vendor.calls("/things")) == (JobState.DISCARDED, 0)


def test_disconnected_connection_whose_name_is_taken_comes_back_with_a_number(
    admin_client: Client, connection: Connection, workspace: Workspace, vendor: AcmeVendor
) -> None:
    Connection.objects.update(state=ConnectionState.DISABLED)
    Connection.objects.create(workspace=workspace, provider="acme", name=connection.name)

    signed_in_by(admin_client, again(connection))

    connection.refresh_from_db()
    assert connection.name.endswith(" 2")
    assert connection.state == ConnectionState.ACTIVE


def test_key_can_take_the_place_of_a_sign_in(
    admin_client: Client, connection: Connection, vendor: AcmeVendor
) -> None:
    secrets = connection.credentials.merged({"signing_secret": "kept"})
    Connection.objects.update(credentials=secrets)

    page = admin_client.post(
        f"{again(connection)}?method=key", {"credential_access_token": acme.KEY}, follow=True
    )

    now = Connection.objects.get()
    assert page.status_code == 200
    assert now.secret("signing_secret") == "kept"
    assert (now.auth_kind, now.expires_at, now.scopes) == (AuthKind.KEY, None, [])
    assert now.secret("refresh_token") == ""
    assert acme.call(now, "GET", "/account")["id"] == "acct_1"


def test_connection_of_another_workspace_is_not_found(
    outsider_client: Client, connection: Connection
) -> None:
    assert outsider_client.get(again(connection)).status_code == 404
    assert outsider_client.post(f"{again(connection)}?method=sign-in").status_code == 404
    assert not OAuthAttempt.objects.exists()
