"""Signing in at a vendor from the pages: there, back, connected."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from werkzeug.wrappers import Request

from crm.models import Workspace
from integrations.hub import connections, registry
from integrations.hub.credentials import Secrets
from integrations.hub.models import (
    AuthKind,
    Connection,
    ConnectionState,
    OAuthApplication,
    OAuthAttempt,
)
from integrations.hub.oauth.attempts import challenge_of
from tests import factories
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor, answered
from tests.integrations.hub.oauth.signing_in import (
    NEW,
    consented,
    onward,
    signed_in_by,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("application")]


def test_signing_in_connects_the_account(
    admin_client: Client, workspace: Workspace, vendor: AcmeVendor
) -> None:
    page = signed_in_by(admin_client)

    connection = Connection.objects.get(workspace=workspace)
    assert page.request["PATH_INFO"] == reverse("hub:connection_detail", args=[connection.pk])
    assert "Acme is connected." in page.content.decode()
    assert (connection.state, connection.auth_kind) == (ConnectionState.ACTIVE, AuthKind.OAUTH)
    assert connection.remote_account_name == "Acme acct_1"
    assert connection.scopes == ["things.read", "things.write", "tickets"]
    assert connection.secret("refresh_token") == vendor.grants[0].refresh
    assert connection.secret("webhook_secret") == "acme_hook_secret"
    assert connection.expires_at is not None
    assert connection.oauth_client_id == acme.CLIENT_ID
    assert acme.call(connection, "GET", "/account")["id"] == "acct_1"


def test_consent_page_is_asked_with_state_and_challenge(
    admin_client: Client, vendor: AcmeVendor
) -> None:
    asked = parse_qs(urlsplit(onward(admin_client)).query)

    attempt = OAuthAttempt.objects.get()
    assert asked["client_id"] == [acme.CLIENT_ID]
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/integrations/oauth/callback/"]
    assert asked["scope"] == ["things.read things.write tickets"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["code_challenge"] == [challenge_of(attempt.secrets["code_verifier"])]
    assert len(asked["state"][0]) >= 43
    assert asked["state"][0] not in str(vars(attempt))


def test_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_only_reading_asks_for_less_and_is_remembered(
    admin_client: Client, vendor: AcmeVendor
) -> None:
    url = onward(admin_client, is_read_only="yes")
    assert parse_qs(urlsplit(url).query)["scope"] == ["things.read tickets"]

    admin_client.get(consented(url))

    connection = Connection.objects.get()
    assert connection.is_read_only
    assert connection.attention == ""


def test_scope_that_was_not_granted_is_named_with_what_does_not_work(
    admin_client: Client, vendor: AcmeVendor
) -> None:
    vendor.scopes_withheld = frozenset({"things.write"})

    page = signed_in_by(admin_client).content.decode()

    connection = Connection.objects.get()
    assert connection.state == ConnectionState.ACTIVE
    assert "did not grant things.write (change things there)" in connection.attention
    assert "did not grant things.write" in page
    connections.connection_test(connection)
    assert "things.write" in connection.attention


def test_scope_granted_at_the_vendor_later_is_seen_by_a_test(
    connection: Connection, vendor: AcmeVendor
) -> None:
    Connection.objects.update(scopes=["things.read"], attention="did not grant things.write")
    connection.refresh_from_db()

    connections.connection_test(connection)

    assert (connection.scopes, connection.attention) == (
        ["things.read", "things.write", "tickets"],
        "",
    )


def test_vendor_that_wants_the_application_in_a_header_gets_it_so(
    admin_client: Client, vendor: AcmeVendor
) -> None:
    registry.remove("acme")
    registry.add(replace(acme.provider, oauth=replace(acme.OAUTH, client_auth="basic")))
    asked: list[Request] = []
    vendor.token_script = [lambda request: asked.append(request)]  # type: ignore[func-returns-value]
    vendor.application_in_header = True

    signed_in_by(admin_client)

    assert "client_secret" not in asked[0].form
    assert Connection.objects.get().state == ConnectionState.ACTIVE


def test_account_that_does_not_answer_yet_is_kept_by_the_id_of_the_token_answer(
    admin_client: Client, vendor: AcmeVendor
) -> None:
    url = consented(onward(admin_client))
    vendor.script = [answered(500)] * 4

    admin_client.get(url)

    connection = Connection.objects.get()
    assert (connection.state, connection.remote_account_id) == (ConnectionState.PAUSED, "acct_1")
    assert "cannot be used" in connection.attention


def test_account_that_does_not_answer_yet_is_left_to_the_connection_that_had_it(
    admin_client: Client, workspace: Workspace, vendor: AcmeVendor
) -> None:
    Connection.objects.create(
        workspace=workspace,
        provider="acme",
        name="Former",
        remote_account_id="acct_1",
        state=ConnectionState.DISABLED,
    )
    url = consented(onward(admin_client))
    vendor.script = [answered(500)] * 4

    page = admin_client.get(url)

    assert "was connected before, as “Former”" in page.content.decode()
    assert Connection.objects.get().name == "Former"


def test_name_taken_while_the_person_was_away_gets_a_number(
    admin_client: Client, workspace: Workspace, vendor: AcmeVendor
) -> None:
    url = consented(onward(admin_client))
    Connection.objects.create(workspace=workspace, provider="acme", name="Acme")

    admin_client.get(url)

    assert Connection.objects.filter(name="Acme 2", state=ConnectionState.ACTIVE).exists()


def test_page_offers_signing_in_first_where_it_is_set_up(admin_client: Client) -> None:
    page = admin_client.get(NEW).content.decode()

    assert "Continue to Acme" in page
    assert "change things there" in page
    assert 'id="method-key"' in page
    assert "credential_access_token" in admin_client.get(f"{NEW}?method=key").content.decode()


def test_page_says_what_to_do_where_nothing_is_set_up(admin_client: Client) -> None:
    OAuthApplication.objects.all().delete()

    page = admin_client.get(f"{NEW}?method=sign-in").content.decode()
    posted = admin_client.post(f"{NEW}?method=sign-in", {"name": "Acme"}).content.decode()

    assert "http://127.0.0.1:8000/integrations/oauth/callback/" in page
    assert "things.read things.write tickets" in page
    assert "NEXA_ACME_CLIENT_ID" in page
    assert "https://developers.acme.test/apps" in page
    assert '<form method="post" class="form"' not in page
    assert "Not set up yet" in posted
    assert "credential_access_token" in admin_client.get(NEW).content.decode()


def test_application_of_the_environment_is_enough(
    admin_client: Client, vendor: AcmeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    OAuthApplication.objects.all().delete()
    monkeypatch.setenv("NEXA_ACME_CLIENT_ID", acme.CLIENT_ID)
    monkeypatch.setenv("NEXA_ACME_CLIENT_SECRET", acme.CLIENT_SECRET)

    signed_in_by(admin_client)

    assert Connection.objects.get().state == ConnectionState.ACTIVE


def test_workspace_with_its_own_application_signs_in_with_it(
    admin_client: Client, workspace: Workspace
) -> None:
    secrets = Secrets({"client_secret": "x"})
    for place, client_id in ((workspace, "own"), (factories.workspace_make(), "foreign")):
        OAuthApplication.objects.create(
            provider="acme", workspace=place, client_id=client_id, secrets=secrets
        )

    assert parse_qs(urlsplit(onward(admin_client)).query)["client_id"] == ["own"]
