"""Changing the settings of a connection that is there: stored, told in the ledger, tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Change, Membership, Workspace
from integrations.hub import registry
from integrations.hub.access import SettingField
from integrations.hub.errors import Conflict, InvalidSettings
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.reconfiguration import settings_replace
from tests import factories
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import connection_make

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = (
    SettingField("url", "Address", kind="url", is_fixed=True),
    SettingField("days", "Days", kind="integer", default=30),
    SettingField("body", "Body of a call", kind="json", is_advanced=True),
)
STORED = {"url": "https://one.echo.test", "days": 30, "body": "", "hook_id": "thing_9"}


def checked(settings: Mapping[str, Any]) -> Mapping[str, list[str]]:
    return {"days": ["More days than a year."]} if settings["days"] > 366 else {}


@pytest.fixture
def connection(workspace: Workspace) -> Iterator[Connection]:
    declared = replace(echo.provider, id="set", settings_fields=FIELDS, settings_check=checked)
    registry.add(declared)
    yield connection_make(workspace, provider="set", settings=dict(STORED))
    registry.remove("set")


def page_of(connection: Connection) -> str:
    return reverse("hub:connection_settings", args=[connection.pk])


def save(client: Client, connection: Connection, **values: str) -> Any:
    form = {"setting_days": "30", "setting_body": "", **values}
    return client.post(page_of(connection), form, follow=True)


def test_saved_settings_are_tested_and_told_in_the_ledger(
    admin_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    page = save(admin_client, connection, setting_days="5", setting_body='{\n"a": 1}')

    connection.refresh_from_db()
    assert connection.settings == STORED | {"days": 5, "body": '{\n"a": 1}'}
    assert "The settings are saved. Echo answered: Echo Ltd." in page.content.decode()
    change = Change.objects.get(record_type="connection", record_id=connection.pk)
    assert change.diff == {"days": [30, 5], "body": ["", '{\n"a": 1}']}
    assert change.actor is not None


def test_test_that_fails_is_said_and_the_settings_stay(
    admin_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    vendor.always = echo.status(401)

    page = save(admin_client, connection, setting_days="5")

    connection.refresh_from_db()
    assert connection.settings["days"] == 5
    assert "saved, but the test failed" in page.content.decode()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"setting_days": "many"}, "Enter a whole number."),
        ({"setting_days": "400"}, "More days than a year."),
        ({"setting_body": "{"}, "Line 1, column 2: this is no JSON"),
    ],
)
def test_wrong_setting_is_named_and_nothing_is_stored(
    admin_client: Client,
    connection: Connection,
    vendor: echo.EchoVendor,
    values: dict[str, str],
    words: str,
) -> None:
    page = save(admin_client, connection, **values).content.decode()

    connection.refresh_from_db()
    assert words in page
    assert connection.settings == STORED
    assert not vendor.requests


def test_folded_setting_is_opened_when_it_is_wrong(
    admin_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    closed = admin_client.get(page_of(connection)).content.decode()
    opened = save(admin_client, connection, setting_body="{").content.decode()

    assert 'id="advanced-settings">' in closed
    assert 'id="advanced-settings" open>' in opened


def test_account_is_shown_and_cannot_be_changed(
    admin_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    shown = admin_client.get(page_of(connection)).content.decode()
    save(admin_client, connection, setting_url="https://two.echo.test")

    connection.refresh_from_db()
    assert "https://one.echo.test" in shown
    assert connection.settings["url"] == "https://one.echo.test"


def test_settings_saved_as_they_were_leave_no_line_in_the_ledger(
    admin_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    save(admin_client, connection)

    assert not Change.objects.filter(record_type="connection").exists()


def test_disconnected_connection_has_no_settings_to_change(
    admin_client: Client, connection: Connection, membership: Membership
) -> None:
    Connection.objects.update(state=ConnectionState.DISABLED)
    connection.refresh_from_db()

    assert admin_client.get(page_of(connection)).status_code == 404
    with pytest.raises(Conflict, match="disconnected"):
        settings_replace(connection, settings={"days": 5}, actor=membership.user)


def test_unknown_setting_is_refused(connection: Connection, membership: Membership) -> None:
    with pytest.raises(InvalidSettings, match="hook_id: Not a setting"):
        settings_replace(connection, settings={"hook_id": "x"}, actor=membership.user)


def test_settings_are_for_administrators_of_the_workspace(
    client: Client, admin_client: Client, viewer_client: Client, connection: Connection
) -> None:
    other = connection_make(factories.workspace_make(), provider="set")

    assert viewer_client.get(page_of(connection)).status_code == 403
    assert admin_client.get(page_of(other)).status_code == 404
    assert client.get(page_of(connection)).status_code == 302
