"""The declaration as people and the environment use it: connecting, settings, its own pace."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from crm.models import Lead, Workspace
from crm.services.leads import lead_create
from crm.services.origin import Origin
from integrations.hub import pace
from integrations.hub.connections import connection_create
from integrations.hub.environment import environment_sweep
from integrations.hub.errors import InvalidSettings
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.pump import pump
from integrations.rest_crm.tuning import priority
from tests import factories
from tests.integrations.rest_crm.conftest import BASE, CREDENTIALS, connection_make
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)

ENVIRON = {
    "CRM_ENABLED": "true",
    "CRM_API_URL": BASE,
    "CRM_API_KEY": CREDENTIALS["api_key"],
    "CRM_API_SECRET": CREDENTIALS["api_secret"],
    "CRM_WEBHOOK_URL": "https://nexa.example.test/api/crm/webhook",
    "CRM_WEBHOOK_SECRET": "hook-12345",
    "CRM_TIMEOUT": "45000",
    "CRM_RETRY_ATTEMPTS": "2",
    "CRM_RETRY_DELAY": "500",
}
PRIORITIES = [f"setting_{name}_priority" for name in ("lead", "property", "inquiry", "dealer")]


def made(workspace: Workspace) -> Connection:
    return Connection.objects.get(workspace=workspace, provider="rest_crm")


def test_environment_makes_a_connection_that_keeps_leads_in_step(
    workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    environment_sweep(ENVIRON)
    environment_sweep(ENVIRON)

    connection = made(workspace)
    (hook,) = sandbox.rows("rest_crm", "webhooks")
    assert connection.state == ConnectionState.ACTIVE
    assert hook["url"] == "https://nexa.example.test/api/crm/webhook"
    assert connection.secret("webhook_secret") == "hook-12345"
    assert pace.read_seconds(connection) == 45
    assert pace.retry_delays(connection) == (0.5, 1.0)
    lead_create(workspace=workspace, values={"last_name": "Ada"}, origin=origin)
    pump(30)
    assert [row["name"] for row in sandbox.rows("rest_crm", "leads")] == ["Ada"]


def test_secret_changed_in_the_environment_takes_the_place_of_the_stored(
    workspace: Workspace, sandbox: RunningSandbox
) -> None:
    environment_sweep(ENVIRON)

    new = {"CRM_API_KEY": "crm_key_t2", "CRM_API_SECRET": "crm_secret_t2"}
    environment_sweep(ENVIRON | new)

    assert made(workspace).secret("api_key") == "crm_key_t2"
    assert Connection.objects.count() == 1


def test_switched_off_in_the_environment_pauses(
    workspace: Workspace, sandbox: RunningSandbox
) -> None:
    environment_sweep(ENVIRON)

    environment_sweep({"CRM_ENABLED": "false"})

    assert made(workspace).state == ConnectionState.PAUSED


def test_settings_that_cannot_be_used_are_refused_with_their_line(workspace: Workspace) -> None:
    with pytest.raises(InvalidSettings) as refused:
        connection_create(
            workspace=workspace,
            provider_id="rest_crm",
            name="CRM",
            credentials=CREDENTIALS,
            settings={
                "base_url": BASE,
                "lead_status": "new = fresh\nsleeping = zzz",
                "lead_template": '{\n  "name": "{{nmae}}"\n}',
                "deal_template": "{",
            },
            actor=None,
        )

    assert refused.value.errors == {
        "deal_template": [
            "Line 1, column 2: this is no JSON (Expecting property name enclosed in double quotes)."
        ]
    }


def test_fields_that_do_not_fit_together_are_named_with_their_line(workspace: Workspace) -> None:
    with pytest.raises(InvalidSettings) as refused:
        connection_create(
            workspace=workspace,
            provider_id="rest_crm",
            name="CRM",
            credentials=CREDENTIALS,
            settings={"base_url": BASE, "lead_status": "new = fresh\nsleeping = zzz"},
            actor=None,
        )

    (words,) = refused.value.errors["lead_status"]
    assert words.startswith("Line 2: 'sleeping' is none of ours")
    assert not Connection.objects.exists()


def test_connect_page_shows_the_address_first_and_folds_the_rest(
    admin_client: Browser, workspace: Workspace, sandbox: RunningSandbox
) -> None:
    page = admin_client.get(reverse("hub:connection_new", args=["rest_crm"])).content.decode()
    plain, folded = page.split('id="advanced-settings"')

    assert 'name="setting_base_url"' in plain
    assert 'name="setting_lead_status"' in folded
    assert 'name="setting_lead_template"' in folded


def test_connecting_by_the_page_registers_the_web_hook(
    admin_client: Browser, workspace: Workspace, sandbox: RunningSandbox
) -> None:
    form: dict[str, Any] = {
        "name": "Our CRM",
        "setting_base_url": BASE,
        "setting_auth_scheme": "headers",
        **{f"credential_{name}": value for name, value in CREDENTIALS.items()},
        **{
            f"setting_{name}_priority": "high" for name in ("lead", "property", "inquiry", "dealer")
        },
    }

    page = admin_client.post(reverse("hub:connection_new", args=["rest_crm"]), form, follow=True)

    connection = made(workspace)
    (hook,) = sandbox.rows("rest_crm", "webhooks")
    assert "is connected" in page.content.decode()
    assert hook["url"].endswith(f"/webhooks/rest_crm/{connection.webhook_key}/")


def test_rank_is_that_of_the_object_and_of_an_assignment_alone(workspace: Workspace) -> None:
    connection = connection_make(workspace, lead_priority="low", dealer_priority="high")

    assert priority(connection, "lead", {"notes"}) == "low"
    assert priority(connection, "lead", {"owner"}) == "high"
    assert priority(connection, "lead", {"owner", "notes"}) == "low"
    assert priority(connection, "property", set()) == "medium"
    assert priority(connection, "inquiry_create", set()) == "high"


def test_lead_of_another_workspace_is_not_told(
    workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    environment_sweep(ENVIRON)
    other = factories.workspace_make()
    lead_create(workspace=other, values={"last_name": "Hidden"}, origin=origin)

    pump(30)

    assert Lead.objects.count() == 1
    assert not sandbox.rows("rest_crm", "leads")
