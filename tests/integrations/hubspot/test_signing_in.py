"""Signing in at HubSpot from the pages, tokens that end, and an app that is uninstalled there."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.db.models import F, Value
from django.test import Client as Browser
from django.urls import reverse

from crm.models import Alert, Contact, User
from integrations.hub import connections
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection, ConnectionState, OAuthApplication
from integrations.hub.oauth import access_token
from integrations.hub.oauth.names import GrantRefused
from integrations.hub.oauth.report import credential_report
from integrations.hub.sync.states import streams_go_live
from integrations.hubspot.client import Client
from integrations.hubspot.sandbox.catalog import CLIENT_ID, CLIENT_SECRET
from integrations.hubspot.webhooks import secret_of
from tests.integrations.hub.sync.world import pull
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "/integrations/hubspot/new/?method=sign-in"


@pytest.fixture(autouse=True)
def application(sandbox: RunningSandbox, settings: Any) -> None:
    settings.NEXA_SANDBOX_URL = sandbox.url
    OAuthApplication.objects.create(
        provider="hubspot",
        client_id=CLIENT_ID,
        secrets=Secrets({"client_secret": CLIENT_SECRET}),
    )


def sign_in(browser: Browser, page: str, **values: str) -> Any:
    """There and back, as a browser is led; the sandbox's person always agrees."""
    shown = browser.post(page, values).content.decode()
    found = re.search(r'content="0;url=([^"]+)"', shown)
    assert found is not None, shown
    consent = requests.get(unescape(found.group(1)), allow_redirects=False, timeout=20)
    back = urlsplit(consent.headers["Location"])
    return browser.get(f"{back.path}?{back.query}", follow=True)


@pytest.fixture
def connection(admin_client: Browser) -> Connection:
    sign_in(admin_client, NEW, name="HubSpot")
    return Connection.objects.get()


def ended(connection: Connection, sandbox: RunningSandbox) -> Connection:
    """Half an hour passes on both sides."""
    sandbox.act("hubspot", "expire_tokens")
    half_an_hour = Value(timedelta(minutes=31))
    Connection.objects.update(
        expires_at=F("expires_at") - half_an_hour,
        token_issued_at=F("token_issued_at") - half_an_hour,
    )
    return Connection.objects.get(pk=connection.pk)


def test_signing_in_connects_the_portal_with_all_its_scopes(connection: Connection) -> None:
    report = credential_report(connection)

    assert (connection.state, connection.remote_account_id) == (ConnectionState.ACTIVE, "62515")
    assert report.missing == ()
    assert report.is_well
    assert Client(connection).objects_list("contacts").results is not None
    assert secret_of(connection) == CLIENT_SECRET


def test_token_of_half_an_hour_is_renewed_and_its_refresh_token_stays(
    connection: Connection, sandbox: RunningSandbox
) -> None:
    late = ended(connection, sandbox)

    assert Client(late).account().id == "62515"

    now = Connection.objects.get()
    assert now.secret("refresh_token") == connection.secret("refresh_token")
    assert now.secret("access_token") != connection.secret("access_token")


def test_uninstalled_app_asks_for_a_person_who_connects_again(
    connection: Connection, sandbox: RunningSandbox, admin_client: Browser
) -> None:
    sandbox.act("hubspot", "uninstall")
    with pytest.raises(GrantRefused):
        access_token(ended(connection, sandbox))
    assert Connection.objects.get().state == ConnectionState.AUTH_FAILED

    page = reverse("hub:connection_credentials", args=[connection.pk])
    sign_in(admin_client, page, is_read_only="")

    now = Connection.objects.get()
    assert (now.pk, now.state) == (connection.pk, ConnectionState.ACTIVE)
    assert Alert.objects.get().status == "resolved"
    assert Client(now).account().id == "62515"


def test_disconnecting_takes_the_grant_back(
    connection: Connection, admin: User, sandbox: RunningSandbox
) -> None:
    token = connection.secret("access_token")

    said = connections.connection_disconnect(connection, actor=admin)

    assert said == "Access was taken back at HubSpot."
    answer = requests.get(
        f"{sandbox.url}/hubspot/account-info/v3/details",
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
    )
    assert answer.status_code == 401


def test_only_reading_asks_for_no_write_scope(admin_client: Browser) -> None:
    sign_in(admin_client, NEW, name="HubSpot", is_read_only="yes")

    connection = Connection.objects.get()
    assert connection.is_read_only
    assert "crm.objects.deals.write" not in connection.scopes
    assert credential_report(connection).is_well


def test_token_that_ends_in_the_middle_of_pulls_is_renewed_and_nothing_stops(
    connection: Connection, sandbox: RunningSandbox
) -> None:
    Client(connection).object_create("contacts", {"email": "ada@example.test", "lastname": "L"})
    streams_go_live(connection, actor=None)
    sandbox.act("hubspot", "expire_tokens")

    pull(connection, "contacts")

    assert Contact.objects.get().email == "ada@example.test"
    assert Connection.objects.get().state == ConnectionState.ACTIVE
    assert not Alert.objects.filter(kind="connection_auth_failed").exists()
