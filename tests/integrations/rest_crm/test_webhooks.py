"""Is it really the CRM, what did it say, and the registration there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crm.models import Workspace
from integrations.hub.credentials import Secrets
from integrations.hub.errors import Unverified
from integrations.hub.models import Connection
from integrations.hub.types import RawRequest, Registration
from integrations.rest_crm import webhooks
from integrations.rest_crm.configuration import configuration_of
from integrations.rest_crm.webhooks import connection_of, ensure, events, verify
from tests.integrations.rest_crm.conftest import Receiver, connection_make
from tests.sandbox import RunningSandbox

SAMPLES = Path(webhooks.__file__).parent / "samples"
NAMES = sorted(p.name for p in SAMPLES.glob("*.json") if ".expected." not in p.name)
URL = "https://nexa.example.test/webhooks/rest_crm/k/"


def stored(secret: str, **settings: Any) -> Connection:
    values = {"base_url": "https://crm.example.test", **settings}
    return Connection(
        provider="rest_crm", settings=values, credentials=Secrets({"webhook_secret": secret})
    )


SHIPPED = stored("s-123456")


def raw(body: Any = None, **headers: str) -> RawRequest:
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawRequest(body=content, headers=named)


def test_right_secret_is_verified() -> None:
    verify(raw(x_crm_secret="s-123456"), stored("s-123456"))
    verify(raw(x_token="s-123456"), stored("s-123456", webhook_secret_header="X-Token"))


@pytest.mark.parametrize(
    ("given", "kept", "reason"),
    [
        ("s-123457", "s-123456", "wrong secret"),
        ("s-12345", "s-123456", "wrong secret"),
        ("é\udcff", "s-123456", "wrong secret"),
        ("", "s-123456", "no X-CRM-Secret"),
        ("", "", "no web-hook secret is stored"),
        ("x", "", "no web-hook secret is stored"),
    ],
)
def test_other_secret_is_refused(given: str, kept: str, reason: str) -> None:
    with pytest.raises(Unverified, match=reason):
        verify(raw(x_crm_secret=given), stored(kept))


def test_shared_address_finds_the_connection_by_its_secret() -> None:
    one, two, three = stored("one-111"), stored("two-222"), stored("")
    broken = stored("two-222", webhook_secret_header="no header")

    assert connection_of(raw(x_crm_secret="two-222"), [broken, one, two, three]) is two
    with pytest.raises(Unverified, match="no connection"):
        connection_of(raw(x_crm_secret="nobody"), [one, two, three])
    with pytest.raises(Unverified, match="several"):
        connection_of(raw(x_crm_secret="one-111"), [one, stored("one-111")])


@pytest.mark.parametrize("name", NAMES)
def test_sample_is_read_as_expected(name: str) -> None:
    expected = json.loads((SAMPLES / name.replace(".json", ".expected.json")).read_text())
    del expected["landed"]  # see test_samples

    (event,) = events(raw((SAMPLES / name).read_bytes()), SHIPPED)

    assert {
        "kind": event.kind,
        "subject": event.subject,
        "payload": dict(event.payload),
    } == expected


def test_every_event_we_ask_for_has_a_sample() -> None:
    kinds = {json.loads((SAMPLES / name).read_text())["event"] for name in NAMES}

    assert kinds >= set(configuration_of({"base_url": "https://a.example"}).incoming.subscribed)


def test_header_names_the_event_when_the_body_does_not() -> None:
    (event,) = events(raw({"entityId": 7, "data": {}}, x_crm_event="lead.updated"), SHIPPED)

    assert (event.kind, event.subject) == ("lead.updated", "lead:7")


def test_names_of_the_settings_are_understood() -> None:
    connection = stored(
        "s-123456",
        events="lead.updated = contact.changed",
        envelope="event = type; entity = object.id; data = object",
    )
    body = {"type": "Contact.Changed", "object": {"id": 5, "contactName": "Ada"}}

    (event,) = events(raw(body), connection)

    assert event.payload == {
        "event": "lead.updated",
        "entityId": "5",
        "data": {"id": 5, "contactName": "Ada"},
    }


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"nonsense", b"{}", b'"x"', b'{"event": {}}', b'{"event": ""}', b"\xff"]
)
def test_what_is_no_event_raises_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        events(raw(body), SHIPPED)


# --- The registration ---------------------------------------------------------------------------


def kept(connection: Connection, made: Registration) -> None:
    """What the hub does with a registration."""
    connection.credentials = connection.credentials.merged(made.secrets)
    connection.settings = {**connection.settings, **made.settings}
    connection.save()


@pytest.mark.django_db
def test_ensure_registers_once_with_a_secret_of_ours(
    connection: Connection, sandbox: RunningSandbox
) -> None:
    kept(connection, ensure(connection, URL))
    again = ensure(connection, URL)

    (hook,) = sandbox.rows("rest_crm", "webhooks")
    assert (hook["url"], hook["id"]) == (URL, connection.settings["webhook_id"])
    assert hook["events"] == ["lead.updated", "lead.status_changed", "property.updated"]
    assert len(connection.secret("webhook_secret")) > 30
    assert (again.secrets, again.note) == ({}, webhooks.UNSEEN)
    assert sandbox.calls("rest_crm", "POST", "/api/v1/webhooks") == 1


@pytest.mark.django_db
def test_ensure_registers_anew_what_is_gone_or_leads_elsewhere(
    workspace: Workspace, sandbox: RunningSandbox
) -> None:
    paths = "webhook.list = GET /webhooks; webhook.delete = DELETE /webhooks/{id}"
    connection = connection_make(workspace, paths=paths)
    kept(connection, ensure(connection, URL))
    first = connection.settings["webhook_id"]
    sandbox.vendor("rest_crm").collection("webhooks").delete(first)

    gone = ensure(connection, URL)
    kept(connection, gone)
    moved = ensure(connection, f"{URL}new/")
    kept(connection, moved)

    assert (gone.note, moved.note) == (webhooks.GONE, webhooks.MADE)
    assert [row["url"] for row in sandbox.rows("rest_crm", "webhooks")] == [f"{URL}new/"]
    assert ensure(connection, f"{URL}new/") == Registration()
    webhooks.unregister(connection)
    assert not sandbox.rows("rest_crm", "webhooks")


@pytest.mark.django_db
def test_edit_over_there_arrives_verified(
    connection: Connection, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    kept(connection, ensure(connection, receiver.url))
    sandbox.act("rest_crm", "lead_new", name="Ada", email="ada@example.test")
    lead_id = sandbox.rows("rest_crm", "leads")[0]["id"]
    sandbox.act("rest_crm", "edit", id=lead_id, field="status", value="won")

    assert sandbox.wait_delivered()
    requests = [RawRequest(body=body, headers=headers) for headers, body in receiver.calls]
    for request in requests:
        verify(request, connection)
    told = [events(request, connection)[0] for request in requests]
    assert [event.kind for event in told] == ["lead.updated", "lead.status_changed"]
    assert told[1].payload["data"] == {"name": "Ada", "email": "ada@example.test", "status": "won"}
    assert {event.subject for event in told} == {f"lead:{lead_id}"}
