"""Signing in at a vendor from the pages: there, back, connected; or refused with clear words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.db.models import F, Value
from django.test import Client
from django.urls import reverse
from werkzeug.wrappers import Request

from crm.choices import Role
from crm.models import User, Workspace
from integrations.hub import connections, registry
from integrations.hub.credentials import Secrets
from integrations.hub.models import (
    AuthKind,
    Connection,
    ConnectionState,
    JobState,
    OAuthApplication,
    OAuthAttempt,
    SyncRecord,
    SyncState,
)
from integrations.hub.oauth.attempts import challenge_of
from integrations.hub.oauth.revocation import grant_revoke
from integrations.hub.pump import pump
from integrations.hub.retention import prune
from tests import factories
from tests.integrations.hub.conftest import account_make, command_make
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor, answered
from tests.integrations.hub.oauth.conftest import signed_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("application")]
NEW = "/integrations/acme/new/"
CALLBACK = "/integrations/oauth/callback/"


def onward(client: Client, page: str = NEW, **values: str) -> str:
    """The address of the consent page, as the page that leads there has it."""
    form = {"name": "Acme", **values} if page == NEW else values
    shown = client.post(f"{page}?method=sign-in", form).content.decode()
    found = re.search(r'content="0;url=([^"]+)"', shown)
    assert found is not None, shown
    return unescape(found.group(1))


def consented(url: str) -> str:
    """The way back, as the vendor's page sends the browser on."""
    page = requests.get(url, allow_redirects=False, timeout=20)
    assert page.status_code == 302
    parts = urlsplit(page.headers["Location"])
    return f"{parts.path}?{parts.query}"


def signed_in_by(client: Client, page: str = NEW, **values: str) -> Any:
    return client.get(consented(onward(client, page, **values)), follow=True)


def again(connection: Connection) -> str:
    return reverse("hub:connection_credentials", args=[connection.pk])


# --- There and back -----------------------------------------------------------------------------
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


# --- Refused ------------------------------------------------------------------------------------
def refused(client: Client, url: str) -> str:
    page = client.get(url)
    assert page.status_code == 400
    assert page["Cache-Control"].startswith("max-age=0")
    return unescape(page.content.decode())


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


# --- The pages before ---------------------------------------------------------------------------
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


# --- Again --------------------------------------------------------------------------------------
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


# --- Disconnect ---------------------------------------------------------------------------------
def test_disconnecting_takes_access_back_and_says_so(
    admin_client: Client, connection: Connection, vendor: AcmeVendor
) -> None:
    page = admin_client.post(
        reverse("hub:connection_disconnect", args=[connection.pk]),
        {"name": connection.name},
        follow=True,
    ).content.decode()

    now = Connection.objects.get()
    assert "Access was taken back at Acme." in unescape(page)
    assert vendor.revoked == [connection.secret("refresh_token")]
    assert (now.state, dict(now.credentials), now.scopes) == (ConnectionState.DISABLED, {}, [])


def test_vendor_that_does_not_revoke_cannot_keep_us_connected(
    connection: Connection, vendor: AcmeVendor, actor: User
) -> None:
    vendor.always = answered(500)

    said = connections.connection_disconnect(connection, actor=actor)

    assert "did not confirm" in said
    assert connection.state == ConnectionState.DISABLED


def test_access_that_another_connection_uses_is_left(
    connection: Connection, vendor: AcmeVendor
) -> None:
    signed_in(factories.workspace_make(), vendor)

    assert "stays, since another connection" in grant_revoke(connection)
    assert vendor.revoked == []


def test_key_is_not_revoked(workspace: Workspace, vendor: AcmeVendor, actor: User) -> None:
    typed = Connection.objects.create(
        workspace=workspace,
        provider="acme",
        name="Typed",
        credentials=Secrets({"access_token": acme.KEY}),
    )

    assert connections.connection_disconnect(typed, actor=actor) == ""
    assert vendor.revoked == []


def test_sign_ins_that_ended_are_forgotten_after_a_day(
    admin_client: Client, vendor: AcmeVendor
) -> None:
    onward(admin_client)
    onward(admin_client)
    old = OAuthAttempt.objects.order_by("pk").first()
    assert old is not None
    OAuthAttempt.objects.filter(pk=old.pk).update(
        expires_at=F("expires_at") - Value(timedelta(days=2))
    )

    prune()

    assert OAuthAttempt.objects.count() == 1
