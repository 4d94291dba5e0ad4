"""A CRM of our own for each test, a connection to it, and a receiver for its web-hooks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from crm.models import Lead, Workspace
from integrations.hub import registry
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection, SyncRecord, SyncStage, SyncState
from integrations.hub.provider import RateLimit
from integrations.hub.pump import pump
from integrations.hub.sandbox.server import SandboxServer
from integrations.hub.sync.states import states_ensure
from integrations.rest_crm.client import Client
from integrations.rest_crm.provider import provider
from integrations.rest_crm.sandbox import sandbox as app
from tests import factories
from tests.sandbox import RunningSandbox

CREDENTIALS = {"api_key": "crm_key_t1", "api_secret": "crm_secret_t1"}
BASE = "https://crm.example.test"
HOOK_SECRET = "hook-secret-12345"
ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.test"}


@pytest.fixture(autouse=True)
def declared() -> Iterator[None]:
    """The provider with a limit so wide that tests do not wait for it."""
    before = registry.find("rest_crm")
    registry.remove("rest_crm")
    registry.add(replace(provider, limits=(RateLimit("api", requests=1000, seconds=1),)))
    yield
    registry.remove("rest_crm")
    if before is not None:
        registry.add(before)


@pytest.fixture
def sandbox(settings: Any) -> Iterator[RunningSandbox]:
    server = SandboxServer(apps=[app])
    server.start()
    settings.NEXA_SANDBOX_URL = server.url
    yield RunningSandbox(server)
    server.stop()


def connection_make(
    workspace: Workspace, credentials: dict[str, str] | None = None, **settings: Any
) -> Connection:
    return Connection.objects.create(
        workspace=workspace,
        provider="rest_crm",
        name=factories.unique("CRM"),
        settings={"base_url": BASE, **settings},
        credentials=Secrets(credentials or CREDENTIALS),
    )


def live_make(workspace: Workspace, **settings: Any) -> Connection:
    """A connection with a web-hook secret, whose streams are at work; no list is due today."""
    secrets = {**CREDENTIALS, "webhook_secret": HOOK_SECRET}
    connection = connection_make(workspace, secrets, **settings)
    states_ensure(connection)
    SyncState.objects.filter(connection=connection).update(
        stage=SyncStage.LIVE,
        is_full_wanted=False,
        next_run_at=timezone.now() + timedelta(days=1),
    )
    return connection


@pytest.fixture
def connection(workspace: Workspace, sandbox: RunningSandbox) -> Connection:
    return connection_make(workspace)


@pytest.fixture
def api(connection: Connection) -> Client:
    return Client(connection)


def say(kind: str, entity: str, *, secret: str = "", event: str = "", **data: Any) -> int:
    """A web-hook of theirs at the shared address, not worked off yet; the status of the answer."""
    body = {"event": event or f"{kind}.updated", "entityId": entity, "data": data}
    answer = Browser().post(
        "/api/crm/webhook",
        data=json.dumps(body),
        content_type="application/json",
        headers={"X-CRM-Secret": secret or HOOK_SECRET, "X-CRM-Event": body["event"]},
    )
    return answer.status_code


def tell(kind: str, entity: str, **said: Any) -> int:
    """The same, worked off."""
    status = say(kind, entity, **said)
    pump(30)
    return status


def lead_there(sandbox: RunningSandbox) -> dict[str, Any]:
    (row,) = sandbox.rows("rest_crm", "leads")
    return dict(row)


@dataclass
class Receiver:
    """Keeps the web-hooks that it is sent."""

    url: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.calls.append(({n.lower(): v for n, v in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Silent."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{listening.server_port}/hook"
    yield kept
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def crm(workspace: Workspace, sandbox: RunningSandbox) -> Connection:
    """A live connection to the CRM."""
    return live_make(workspace)


def puts(sandbox: RunningSandbox) -> int:
    return sum(1 for one in sandbox.vendor("rest_crm").requests if one.method == "PUT")


def link_of(lead: Lead) -> SyncRecord:
    return SyncRecord.objects.get(object="lead", local_id=lead.pk, state="active")
