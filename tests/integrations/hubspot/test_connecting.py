"""What a person reads whose token HubSpot's form, or HubSpot, does not take."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Workspace
from integrations.hub import connections, registry
from integrations.hub.models import Connection
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)


def tried(client: Client, token: str, **others: str) -> str:
    typed = {
        "name": "HubSpot",
        "setting_crm_version": "v3",
        "credential_access_token": token,
        **{f"credential_{name}": value for name, value in others.items()},
    }
    url = reverse("hub:connection_new", args=["hubspot"])
    return str(client.post(f"{url}?method=key", typed, follow=True).content.decode())


def test_half_a_token_is_refused_with_what_was_kept_and_what_to_do(
    workspace: Workspace, admin_client: Client, settings: Any
) -> None:
    settings.NEXA_SANDBOX_URL = ""

    page = tried(admin_client, "pat-demo")

    assert "This is no whole token of a private app" in page
    assert "Nothing was saved." in page
    assert "At the sandbox" not in page
    assert not Connection.objects.exists()


def test_token_that_the_sandbox_does_not_know_is_refused(
    workspace: Workspace, admin_client: Client, sandbox: RunningSandbox, settings: Any
) -> None:
    settings.NEXA_SANDBOX_URL = sandbox.url

    page = tried(admin_client, "pat-na1-0000-1111")

    assert "HubSpot cannot be used" in page
    assert Connection.objects.get().state == "paused"


def test_credentials_that_the_forms_name_restore_the_web_hook(
    workspace: Workspace, admin_client: Client, sandbox: RunningSandbox, settings: Any
) -> None:
    settings.NEXA_SANDBOX_URL = sandbox.url
    fields = registry.get("hubspot").credential_fields
    named = {one.name: one.sandbox for one in fields}
    tried(admin_client, named.pop("access_token"), **named)
    connection = Connection.objects.get()
    named["access_token"] = connection.secret("access_token")

    connections.connection_disconnect(connection, actor=None)
    connections.credentials_replace(connection, credentials=named, actor=None)

    connection.refresh_from_db()
    assert connection.webhook_note == "The web-hook is set up."


def test_token_that_hubspot_refuses_is_kept_and_the_page_says_what_to_do(
    workspace: Workspace, admin_client: Client, sandbox: RunningSandbox, settings: Any
) -> None:
    settings.NEXA_SANDBOX_URL = sandbox.url
    sandbox.misbehave("hubspot", "unauthorized")

    page = tried(admin_client, "pat-na1-0000-1111")

    connection = Connection.objects.get()
    assert connection.state == "paused"
    assert connection.secret("access_token") == "pat-na1-0000-1111"
    for words in ("HubSpot cannot be used", "is kept, paused", "“New credentials”"):
        assert words in connection.attention
        assert words in page
    assert "pat-na1-nexa-demo (Private app" in connection.attention
