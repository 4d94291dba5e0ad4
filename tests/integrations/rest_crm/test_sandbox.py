"""The fake by itself: what it refuses, holds and tells."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from integrations.hub.sandbox.fake import SandboxRefusal
from tests.integrations.rest_crm.conftest import Receiver
from tests.sandbox import RunningSandbox

KEYS = {"X-API-Key": "crm_key_x", "X-API-Secret": "crm_secret_x"}


def ask(
    sandbox: RunningSandbox, method: str, path: str, body: Any = None, **headers: str
) -> requests.Response:
    return requests.request(
        method,
        f"{sandbox.url}/rest_crm/api/v1{path}",
        json=body,
        headers={**KEYS, **headers},
        timeout=10,
    )


def test_record_without_a_key_is_401(sandbox: RunningSandbox) -> None:
    reply = requests.get(f"{sandbox.url}/rest_crm/api/v1/agents", timeout=10)

    assert reply.status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/leads", {"name": "A", "status": "asleep"}, "status"),
        ("/leads", {"name": "A", "stage": "asleep"}, "status"),
        ("/leads", {"status": "new"}, "name"),
        ("/leads", {"name": "A", "colour": "red"}, "colour"),
        ("/leads", {"name": "A", "email": "x"}, "email"),
        ("/leads", {"name": "A", "budgetRange": {"min": 9, "max": 1}}, "budgetRange.min"),
        ("/leads", {"name": "A", "relatedProperty": "none"}, "relatedProperty"),
        ("/leads", {"name": "A", "assignedAgent": "none"}, "assignedAgent"),
        ("/leads", {"name": "A", "createdDate": "2026-01-01"}, "createdDate"),
        ("/properties", {"name": "A", "status": "burnt"}, "status"),
        ("/inquiries", {"lead": "none"}, "lead"),
        ("/deals", {"name": "A"}, "lead"),
        ("/webhooks", {"url": "x", "events": ["a"], "secret": "s"}, "url"),
        ("/leads/batch", {"items": []}, "items"),
    ],
)
def test_wrong_field_is_422_and_named(
    sandbox: RunningSandbox, path: str, body: dict[str, Any], field: str
) -> None:
    reply = ask(sandbox, "POST", path, body)

    assert reply.status_code == 422
    assert list(reply.json()["error"]["fields"]) == [field]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/leads/none", 404),
        ("POST", "/leads/none/activities", 404),
        ("GET", "/nothing", 404),
        ("GET", "/leads?cursor=!!", 400),
        ("GET", "/leads?updatedSince=x", 400),
        ("GET", "/leads?limit=0", 400),
    ],
)
def test_wrong_request_has_its_status(
    sandbox: RunningSandbox, method: str, path: str, status: int
) -> None:
    assert ask(sandbox, method, path, {}).status_code == status


def test_body_that_is_no_object_is_400(sandbox: RunningSandbox) -> None:
    assert ask(sandbox, "POST", "/leads", ["x"]).status_code == 400


def test_secret_of_a_webhook_is_never_told(sandbox: RunningSandbox) -> None:
    body = {"url": "https://a.example/h", "events": ["lead.updated"], "secret": "hush-1"}

    made = ask(sandbox, "POST", "/webhooks", body)
    listed = ask(sandbox, "GET", "/webhooks")

    assert made.status_code == 201
    assert "hush-1" not in made.text + listed.text
    assert "hush-1" not in str(sandbox.rows("rest_crm", "webhooks"))


def test_api_calls_are_told_only_when_switched_on(
    sandbox: RunningSandbox, receiver: Receiver
) -> None:
    hook = {"url": receiver.url, "events": ["lead.updated"], "secret": "hush-1"}
    ask(sandbox, "POST", "/webhooks", hook)
    ask(sandbox, "POST", "/leads", {"name": "Quiet"})
    sandbox.act("rest_crm", "switch_echo")
    ask(sandbox, "POST", "/leads", {"name": "Loud"})

    assert sandbox.wait_delivered()
    ((headers, body),) = receiver.calls
    assert (headers["x-crm-secret"], headers["x-crm-event"]) == ("hush-1", "lead.updated")
    assert b"Loud" in body


def test_control_page_edits_inside_objects(sandbox: RunningSandbox) -> None:
    sandbox.act("rest_crm", "property_new", name="Mill", askingPrice="5", city="Perth")
    (made,) = sandbox.rows("rest_crm", "properties")

    sandbox.act("rest_crm", "edit", id=made["id"], field="location.locality", value="North")
    sandbox.act("rest_crm", "edit", id=made["id"], field="askingPrice", value="9")

    (row,) = sandbox.rows("rest_crm", "properties")
    assert row["location"] == {"city": "Perth", "locality": "North"}
    assert row["askingPrice"] == 9


@pytest.mark.parametrize(
    "values",
    [
        {"id": "none", "field": "status", "value": "won"},
        {"id": "crm_lead_101", "field": "colour", "value": "red"},
        {"id": "crm_lead_101", "field": "status", "value": "asleep"},
        {"id": "crm_lead_101", "field": "budgetRange.max", "value": "much"},
        {"id": "crm_lead_101", "field": "name.first", "value": "x"},
    ],
)
def test_edit_that_cannot_be_is_refused_in_words(
    sandbox: RunningSandbox, values: dict[str, str]
) -> None:
    sandbox.act("rest_crm", "lead_new", name="Ada")

    with pytest.raises(SandboxRefusal):
        sandbox.act("rest_crm", "edit", **values)


def test_page_lists_everything_it_holds(sandbox: RunningSandbox) -> None:
    sandbox.act("rest_crm", "lead_new", name="Ada <b>")

    page = requests.get(f"{sandbox.url}/rest_crm/", timeout=10)

    assert page.status_code == 200
    assert "Ada &lt;b&gt;" in page.text
    titles = ["Leads", "Properties", "Inquiries", "Deals", "Activities", "Agents"]
    titles += ["Web-hook addresses", "Web-hooks"]
    assert [title for title in titles if title not in page.text] == []


def test_page_has_each_anchor_and_name_once(sandbox: RunningSandbox) -> None:
    page = requests.get(f"{sandbox.url}/rest_crm/", timeout=10).text

    anchors = re.findall(r'\bid="([^"]+)"', page)
    links = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a>', page)
    assert len(anchors) == len(set(anchors))
    assert {anchor for anchor, _ in links} <= set(anchors)
    assert len({name for _, name in links}) == len(links)
