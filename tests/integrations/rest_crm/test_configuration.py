"""The configuration of a connection: the defaults of the contract, changes, and refusals."""

from __future__ import annotations

import re
from typing import Any

import pytest

from integrations.hub.errors import InvalidSettings
from integrations.hub.intake import settings_clean
from integrations.hub.provider import Provider
from integrations.rest_crm import client, settings_fields
from integrations.rest_crm.configuration import Configuration, configuration_of
from integrations.rest_crm.endpoints import Endpoint, UnusableId

BASE = "https://crm.example.test"


def configuration(**settings: Any) -> Configuration:
    return configuration_of({"base_url": BASE, **settings})


def refusals(**settings: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidSettings) as raised:
        configuration(**settings)
    return raised.value.errors


def test_defaults_are_those_of_the_contract() -> None:
    made = configuration()

    assert made.base_url == f"{BASE}/api/v1"
    assert made.authentication.headers("k", "s") == {"X-API-Key": "k", "X-API-Secret": "s"}
    assert made.endpoints["lead.update"] == Endpoint("PUT", "/leads/{id}")
    assert made.endpoints["lead.activity"] == Endpoint("POST", "/leads/{id}/activities")
    assert "webhook.delete" not in made.endpoints
    assert (made.timeout_seconds, made.has_batch) == (30, False)
    assert made.retrying.delays() == (1, 2, 4, 8, 16)
    assert {name: rules.priority for name, rules in made.objects.items()} == {
        "lead": "high",
        "property": "medium",
        "inquiry": "high",
        "deal": "medium",
        "activity": "medium",
        "agent": "medium",
        "webhook": "medium",
    }
    assert made.dealer_priority == "medium"
    assert made.incoming.secret_header == "X-CRM-Secret"
    assert made.incoming.subscribed == ("lead.updated", "lead.status_changed", "property.updated")


def test_settings_change_what_they_name() -> None:
    made = configuration(
        base_url="https://crm.example.test:8443/rest/",
        auth_scheme="bearer",
        paths="lead.update = PATCH /people/{id}; webhook.delete = DELETE /hooks/{id}; "
        "deal.create =",
        timeout_ms=1500,
        retry_attempts="2",
        has_batch="yes",
        inquiry_is_on=False,
        lead_priority="low",
        subscribed_events="contact.changed",
        events="lead.updated = contact.changed",
    )

    assert made.base_url == "https://crm.example.test:8443/rest"
    assert made.authentication.headers("k", "s") == {"Authorization": "Bearer k"}
    assert made.endpoints["lead.update"] == Endpoint("PATCH", "/people/{id}")
    assert made.endpoints["webhook.delete"] == Endpoint("DELETE", "/hooks/{id}")
    assert "deal.create" not in made.endpoints
    assert (made.timeout_seconds, made.retrying.delays(), made.has_batch) == (1.5, (1, 2), True)
    assert (made.objects["inquiry"].is_on, made.objects["lead"].priority) == (False, "low")
    assert made.incoming.events.to_ours("Contact.Changed") == "lead.updated"
    assert made.incoming.subscribed == ("contact.changed",)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("base_url", "", "Enter the address"),
        ("base_url", "ftp://crm.example", "https://"),
        ("base_url", "https://user:pass@crm.example", "no user name"),
        ("base_url", "https://crm.example/?a=b", "no user name, question mark"),
        ("base_url", "https://crm.example:99999", "no address"),
        ("auth_scheme", "magic", "headers, bearer"),
        ("key_header", "X Key", "no name of a header"),
        ("key_header", "X-Key\r\nX: y", "no name of a header"),
        ("secret_header", "Host", "used by the call"),
        ("timeout_ms", "-1", "100 to 60000"),
        ("timeout_ms", "1.5", "100 to 60000"),
        ("retry_attempts", "999", "0 to 20"),
        ("has_batch", "perhaps", "yes or no"),
        ("lead_priority", "urgent", "high, medium, low"),
        ("paths", "lead.create = POST /leads\nlead.update = PUT /leads", "Line 2: .*needs {id}"),
        ("paths", "lead.create = POST /leads/{id}", "Line 1: .*has no {id}"),
        ("paths", "lead.create = POST /../admin", "Line 1"),
        ("paths", "lead.create = POST //evil.example", "Line 1"),
        ("paths", "lead.create = POST /leads?x=1", "Line 1"),
        ("paths", "leed.create = POST /leads", "'leed.create' is no call"),
        ("lead_fields", "\nnme = name", "Line 2: 'nme' is no field"),
        ("lead_fields", "name", "Line 1: .*form"),
        ("lead_fields", "name = a..b", "no path"),
        ("lead_fields", "name = a,,b", "two commas"),
        ("lead_fields", "name = email", "written by"),
        ("lead_fields", "notes = budgetRange", "written by"),
        ("lead_fields", "name = x|upper", "filter"),
        ("lead_fields", "name = x; name = y", "Line 2: 'name' stands in line 1"),
        ("lead_template", '{\n"a": "{{nme}}"}', "Line 2: {{nme}} is no field"),
        ("lead_template", '{"a": }', "Line 1: .*no JSON"),
        ("lead_template", '["{{name}}"]', "JSON object"),
        ("batch_template", '{"items": "{{leads}}"}', "no field"),
        ("lead_status", "asleep = zzz", "Line 1: 'asleep' is none of ours"),
        ("lead_status", "contacted = a\nnew = won", "Line 2: 'won' means"),
        ("property_status", "active = sold", "Line 1: 'sold' means"),
        ("envelope", "thing = a", "'thing' is none of"),
        ("list_query", "page = p", "'page' is none of"),
    ],
)
def test_wrong_setting_is_named_with_its_line(setting: str, value: str, words: str) -> None:
    (said,) = refusals(**{setting: value})[setting]

    assert re.search(words, said, re.S), said


def test_all_wrong_settings_are_told_at_once() -> None:
    assert set(refusals(timeout_ms="x", lead_status="x", base_url="")) == {
        "timeout_ms",
        "lead_status",
        "base_url",
    }


def test_fields_offered_are_those_that_are_read() -> None:
    provider = Provider(
        id="rest_crm",
        name="R",
        summary="",
        auth=settings_fields.AUTH,
        settings_fields=settings_fields.SETTINGS,
        has_user_given_host=True,
        check=client.account,
    )

    stored = settings_clean(provider, {"base_url": BASE, "lead_status": "new = fresh; lost = gone"})
    made = configuration_of(stored)

    assert made.objects["lead"].maps["status"].to_theirs("lost") == "gone"
    assert made.base_url == f"{BASE}/api/v1"


@pytest.mark.parametrize(
    ("external_id", "path"),
    [("crm_1", "/leads/crm_1"), ("a/b c?d#é", "/leads/a%2Fb%20c%3Fd%23%C3%A9")],
)
def test_id_in_a_path_is_quoted(external_id: str, path: str) -> None:
    assert Endpoint("PUT", "/leads/{id}").path_of(external_id) == path


@pytest.mark.parametrize("external_id", ["", " ", ".", ".."])
def test_id_that_leads_elsewhere_is_refused(external_id: str) -> None:
    with pytest.raises(UnusableId):
        Endpoint("PUT", "/leads/{id}").path_of(external_id)
