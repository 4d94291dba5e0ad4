"""An answer of the consent page that connects nothing says so, and nothing else changes."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.db.models import F
from django.test import Client

from crm.choices import Role
from crm.models import User, Workspace
from integrations.hub.models import (
    Connection,
    ConnectionState,
    OAuthAttempt,
)
from tests import factories
from tests.integrations.hub.oauth.acme import AcmeVendor
from tests.integrations.hub.oauth.signing_in import (
    CALLBACK,
    NEW,
    again,
    consented,
    onward,
    refused,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("application")]


def test_person_who_declines_is_told_that_nothing_changed(
    admin_client: Client, vendor: AcmeVendor
) -> None:
    vendor.is_denied = True

    said = refused(admin_client, consented(onward(admin_client)))

    assert "Access was not granted at Acme. Nothing was connected." in said
    assert not Connection.objects.exists()


def test_refusal_of_the_vendor_is_said_as_text(admin_client: Client, vendor: AcmeVendor) -> None:
    state = parse_qs(urlsplit(onward(admin_client)).query)["state"][0]
    page = admin_client.get(
        CALLBACK,
        {"state": state, "error": "invalid_scope", "error_description": "<b>no such scope</b>"},
    ).content.decode()

    assert "invalid_scope &lt;b&gt;no such scope" in page


@pytest.mark.parametrize("state", ["", "forged", "x" * 5000, "\x00"])
def test_state_that_nobody_began_is_refused(
    admin_client: Client, vendor: AcmeVendor, state: str
) -> None:
    onward(admin_client)

    page = admin_client.get(CALLBACK, {"state": state, "code": "code_stolen"})

    assert page.status_code == 400
    assert "belongs to no sign-in" in page.content.decode()
    assert vendor.calls("/oauth/token") == 0


def test_answer_works_once(admin_client: Client, vendor: AcmeVendor) -> None:
    url = consented(onward(admin_client))
    admin_client.get(url)

    assert "used already" in refused(admin_client, url)
    assert vendor.calls("/oauth/token") == 1
    assert Connection.objects.count() == 1


def test_answer_that_comes_too_late_is_refused(admin_client: Client, vendor: AcmeVendor) -> None:
    url = consented(onward(admin_client))
    OAuthAttempt.objects.update(expires_at=F("created_at"))

    assert "more than 15 minutes ago" in refused(admin_client, url)
    assert vendor.calls("/oauth/token") == 0


def test_answer_of_another_person_is_refused_and_left_to_them(
    admin_client: Client, workspace: Workspace, vendor: AcmeVendor, client: Client
) -> None:
    url = consented(onward(admin_client))
    other = factories.membership_make(workspace, role=Role.ADMIN).user
    client.force_login(other, backend="django.contrib.auth.backends.ModelBackend")

    assert "begun by somebody else" in refused(client, url)
    assert not Connection.objects.exists()
    admin_client.get(url)
    assert Connection.objects.exists()


def test_answer_in_another_session_of_the_same_person_is_refused(
    admin_client: Client, admin: User, vendor: AcmeVendor, client: Client
) -> None:
    """A link that somebody was lured into opening must not connect the lurer's account."""
    url = consented(onward(admin_client))
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")

    assert "before you signed in here" in refused(client, url)
    assert vendor.calls("/oauth/token") == 0


def test_answer_in_another_workspace_is_refused(
    admin_client: Client, admin: User, workspace: Workspace, vendor: AcmeVendor
) -> None:
    url = consented(onward(admin_client))
    OAuthAttempt.objects.update(workspace=factories.workspace_make())

    assert "begun in the workspace" in refused(admin_client, url)
    assert vendor.calls("/oauth/token") == 0


def test_answer_without_anybody_signed_in_leads_to_the_sign_in_and_carries_no_code(
    admin_client: Client, vendor: AcmeVendor, client: Client
) -> None:
    page = client.get(consented(onward(admin_client)))

    assert page.status_code == 302
    assert "code" not in page["Location"]
    assert "state" not in page["Location"]


def test_member_who_may_not_connect_cannot_answer(sales_client: Client, vendor: AcmeVendor) -> None:
    assert sales_client.get(CALLBACK, {"state": "x", "code": "y"}).status_code == 403
    assert sales_client.get(NEW).status_code == 403


def test_code_that_the_vendor_does_not_take_connects_nothing(
    admin_client: Client, vendor: AcmeVendor
) -> None:
    url = consented(onward(admin_client))
    vendor.codes.clear()

    assert "gave no token for it: no such code Nothing was" in refused(admin_client, url)
    assert not Connection.objects.exists()


def test_account_that_is_connected_already_is_refused(
    admin_client: Client, connection: Connection, vendor: AcmeVendor
) -> None:
    said = refused(admin_client, consented(onward(admin_client, name="Twin")))

    assert f"connected already, as “{connection.name}”" in said
    assert Connection.objects.count() == 1


def test_account_of_a_disconnected_connection_leads_back_to_it(
    admin_client: Client, connection: Connection, vendor: AcmeVendor
) -> None:
    Connection.objects.update(state=ConnectionState.DISABLED)

    said = refused(admin_client, consented(onward(admin_client, name="Anew")))

    assert f"connected before, as “{connection.name}”" in said
    assert f'href="{again(connection)}"' in said
    assert Connection.objects.count() == 1


def test_connecting_again_is_refused_where_another_has_the_account_by_now(
    admin_client: Client, connection: Connection, workspace: Workspace, vendor: AcmeVendor
) -> None:
    Connection.objects.update(state=ConnectionState.DISABLED)
    Connection.objects.create(
        workspace=workspace,
        provider="acme",
        name="Anew",
        remote_account_id=connection.remote_account_id,
    )

    said = refused(admin_client, consented(onward(admin_client, again(connection))))

    assert "connected already, as “Anew”" in said
    connection.refresh_from_db()
    assert connection.state == ConnectionState.DISABLED


def test_name_in_use_is_said_before_anybody_leaves(
    admin_client: Client, connection: Connection
) -> None:
    page = admin_client.post(f"{NEW}?method=sign-in", {"name": connection.name})

    assert "Choose another name" in page.content.decode()
    assert not OAuthAttempt.objects.exists()
