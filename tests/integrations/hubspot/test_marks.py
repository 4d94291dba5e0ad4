"""Our two properties at HubSpot are offered: ticked, refused or changed on its pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Workspace
from crm.services.contacts import contact_create
from integrations.hub.models import Connection, SyncDirection, SyncRecord, SyncState
from integrations.hub.sync.states import streams_go_live
from integrations.hubspot.sandbox import sandbox as app
from tests.factories import TEST_ORIGIN
from tests.integrations.hubspot.keeping import Portal
from tests.integrations.hubspot.syncing import work
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)

BOX = re.compile(r'<input type="checkbox" name="setting_has_marks"[^>]*>')


@pytest.fixture
def sandbox_used(sandbox: RunningSandbox, settings: Any) -> RunningSandbox:
    settings.NEXA_SANDBOX_URL = sandbox.url
    sandbox.act("hubspot", "set_limits", search="1000", ten_secondly="100000")
    return sandbox


def box_of(page: str) -> str:
    (box,) = BOX.findall(page)
    return str(box)


def connected(client: Client, **typed: str) -> Connection:
    secrets = {f"credential_{name}": value for name, value in app.demo_credentials.items()}
    url = reverse("hub:connection_new", args=["hubspot"])
    given = {"name": "HubSpot", "setting_crm_version": "v3", **secrets, **typed}
    answer = client.post(url, given)
    assert answer.status_code == 302, answer.content.decode()
    return Connection.objects.get(provider="hubspot")


def test_connect_form_offers_marks_ticked_and_says_what_they_are(
    workspace: Workspace, admin_client: Client, sandbox_used: RunningSandbox
) -> None:
    page = admin_client.get(reverse("hub:connection_new", args=["hubspot"])).content.decode()

    assert " checked" in box_of(page)
    assert "Marks in HubSpot" in page
    assert "nexa_id and nexa_rev" in page


def test_other_vendors_are_asked_nothing_of_the_kind(
    workspace: Workspace, admin_client: Client
) -> None:
    page = admin_client.get(reverse("hub:connection_new", args=["stripe"])).content.decode()

    assert not BOX.findall(page)


def test_marks_are_made_where_the_box_is_ticked(
    workspace: Workspace, admin_client: Client, sandbox_used: RunningSandbox
) -> None:
    connection = connected(admin_client, setting_has_marks="on")

    assert connection.settings["has_marks"] is True
    assert "contacts" in connection.settings["marked_kinds"]


def test_stream_works_without_marks_and_they_can_be_switched_on_later(
    workspace: Workspace, admin_client: Client, sandbox_used: RunningSandbox
) -> None:
    connection = connected(admin_client)
    streams_go_live(connection, actor=None)
    SyncState.objects.filter(connection=connection).update(direction=SyncDirection.PUSH)
    values = {"email": "ada@acme.test", "last_name": "Byron"}
    contact = contact_create(workspace=workspace, values=values, origin=TEST_ORIGIN)
    work()

    link = SyncRecord.objects.get(connection=connection, local_id=contact.pk)
    sent = Portal(connection, sandbox_used).row("contacts", link.external_id)["properties"]
    assert sent["email"] == "ada@acme.test"
    assert not {"nexa_id", "nexa_rev"} & set(sent)
    assert connection.settings["has_marks"] is False

    page = reverse("hub:connection_settings", args=[connection.pk])
    assert " checked" not in box_of(admin_client.get(page).content.decode())
    admin_client.post(page, {"setting_crm_version": "v3", "setting_has_marks": "on"})
    connection.refresh_from_db()
    assert "contacts" in connection.settings["marked_kinds"]
