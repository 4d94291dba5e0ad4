"""The fake's web-hooks, received over a real socket and judged by our own verification."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from integrations.hub.errors import Unverified
from integrations.hub.types import Event, RawRequest
from integrations.hubspot.client import BatchInput, Client
from integrations.hubspot.webhooks import events, verify
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db


class Receiver(ThreadingHTTPServer):
    """Keeps what it gets; answers with the statuses it was told, then with 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[RawRequest] = []
        self.statuses: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hooks/hubspot/7"

    def events(self) -> list[Event]:
        return [event for request in self.got for event in events(request)]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append(RawRequest(body=body, headers=headers, path=self.path))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def receiver(plain_client: Client, sandbox: RunningSandbox) -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    sandbox.act("hubspot", "webhook_target", url=server.url)
    plain_client.connection.settings["webhook_target_url"] = server.url
    yield server
    server.shutdown()
    server.server_close()


def test_change_is_told_and_proved(
    plain_client: Client, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    made = plain_client.object_create("contacts", {"email": "ada@example.test"})
    sandbox.act("hubspot", "edit", id=made.id, property="firstname", value="Zoë")

    assert sandbox.wait_delivered()
    for request in receiver.got:
        verify(request, plain_client.connection)
    told = [(event.kind, event.subject) for event in receiver.events()]
    assert told[0] == ("contact.creation", f"contact:{made.id}")
    last = receiver.events()[-1].payload
    assert (last["propertyName"], last["propertyValue"]) == ("firstname", "Zoë")
    assert last["changeSource"] == "CRM_UI"
    assert receiver.events()[0].payload["changeSource"] == "INTEGRATION"


def test_large_batch_comes_in_arrays_of_a_hundred(
    plain_client: Client, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    inputs = [BatchInput({"email": f"p{n}@example.test"}) for n in range(80)]

    plain_client.objects_create("contacts", inputs)

    assert sandbox.wait_delivered()
    assert [len(json.loads(request.body)) for request in receiver.got] == [100, 60]


def test_doubled_and_shuffled_events_have_the_keys_of_the_first(
    plain_client: Client, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    sandbox.act("hubspot", "double_events", on="true")
    sandbox.act("hubspot", "shuffle_events", on="true")

    plain_client.object_create("contacts", {"email": "ada@example.test", "firstname": "Ada"})

    assert sandbox.wait_delivered()
    keys = [event.key for event in receiver.events()]
    assert (len(keys), len(set(keys))) == (6, 3)


def test_refused_delivery_comes_again_with_its_number(
    plain_client: Client, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    plain_client.object_create("contacts", {"phone": "1"})
    arrived = threading.Event()

    for _ in range(200):
        if len(receiver.got) >= 2:
            break
        arrived.wait(0.1)

    first, second = receiver.got
    verify(second, plain_client.connection)
    assert {event.payload["attemptNumber"] for event in events(first)} == {0}
    assert {event.payload["attemptNumber"] for event in events(second)} == {1}
    assert [e.key for e in events(first)] == [e.key for e in events(second)]


def test_old_signature_is_refused(
    plain_client: Client, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    sandbox.act("hubspot", "stale_signatures", count="1")
    plain_client.object_create("companies", {"name": "Ada Ltd"})

    assert sandbox.wait_delivered()
    with pytest.raises(Unverified, match="too old"):
        verify(receiver.got[0], plain_client.connection)


def test_merge_deletion_and_link_are_told(
    plain_client: Client, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    ada = plain_client.object_create("contacts", {"email": "ada@example.test"}).id
    other = plain_client.object_create("contacts", {"email": "old@example.test"}).id
    company = plain_client.object_create("companies", {"name": "Ada Ltd"}).id
    plain_client.link_default("contacts", ada, "companies", company)
    sandbox.act("hubspot", "merge", id=ada, other=other)
    sandbox.act("hubspot", "delete", kind="companies", id=company)
    sandbox.act("hubspot", "restore", kind="companies", id=company)
    sandbox.act("hubspot", "erase", id=ada)

    assert sandbox.wait_delivered()
    told = {event.kind: event for event in receiver.events()}
    assert told["contact.merge"].payload["mergedObjectIds"] == [int(other)]
    assert told["company.associationChange"].subject == f"company:{company}"
    assert {
        "company.deletion",
        "company.restore",
        "contact.deletion",
        "contact.privacyDeletion",
    } <= set(told)


def test_events_are_sent_again_on_demand(
    plain_client: Client, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    plain_client.object_create("contacts", {"email": "ada@example.test"})
    sandbox.act("hubspot", "resend_events", count="2")

    assert sandbox.wait_delivered()
    first, again = receiver.got
    assert [e.key for e in events(first)] == [e.key for e in events(again)]


def test_reset_empties_the_portal(plain_client: Client, sandbox: RunningSandbox) -> None:
    plain_client.object_create("contacts", {"email": "ada@example.test"})

    sandbox.vendor("hubspot").reset()

    assert plain_client.objects_list("contacts").results == ()
    assert plain_client.object_create("contacts", {"email": "ada@example.test"}).id


def test_control_page_shows_the_portal(plain_client: Client, sandbox: RunningSandbox) -> None:
    plain_client.object_create("contacts", {"email": "ada@example.test"})
    gone = plain_client.object_create("deals", {"dealname": "Gone"})
    plain_client.object_archive("deals", gone.id)

    page = requests.get(f"{sandbox.url}/hubspot/", timeout=10)

    assert page.status_code == 200
    assert "ada@example.test" in page.text
    assert "Merge two records" in page.text
    assert "Restore" in page.text
