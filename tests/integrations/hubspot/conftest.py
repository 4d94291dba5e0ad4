"""A HubSpot of our own for each test, a connection to it, and the client over real sockets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from crm.models import User, Workspace
from integrations.hub import registry
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection
from integrations.hub.provider import RateLimit
from integrations.hub.sandbox.server import SandboxServer
from integrations.hubspot.client import Client
from integrations.hubspot.own_properties import marks_ensure
from integrations.hubspot.provider import provider as hubspot
from integrations.hubspot.sandbox import sandbox as app
from integrations.hubspot.sandbox.catalog import CLIENT_SECRET
from tests import factories
from tests.integrations.hubspot.keeping import Portal
from tests.integrations.hubspot.syncing import live_portal
from tests.sandbox import RunningSandbox

TOKEN = "pat-na1-nexa-tests"  # of the fake


# Wide, so that tests do not wait for our own limiter; the vendor keeps its own.
PROVIDER = replace(hubspot, limits=(RateLimit("api", requests=10_000, seconds=10),))


@pytest.fixture(autouse=True)
def hubspot_provider() -> Iterator[None]:
    """Declared for the tests; a provider in the settings would be there already."""
    declared = registry.find("hubspot")
    if declared is not None:
        registry.remove("hubspot")
    registry.add(PROVIDER)
    yield
    registry.remove("hubspot")
    if declared is not None:
        registry.add(declared)


@contextmanager
def running_hubspot(
    store: Path | None = None, *, is_recorded: bool = True
) -> Iterator[RunningSandbox]:
    """NEXA_SANDBOX_RECORD=FILE records every exchange; tests of wrong requests are left out."""
    record = os.environ.get("NEXA_SANDBOX_RECORD") if is_recorded else None
    server = SandboxServer(store=store, record=Path(record) if record else None, apps=[app])
    server.start()
    try:
        yield RunningSandbox(server)
    finally:
        server.stop()


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_hubspot() as running:
        yield running


@pytest.fixture(name="hubspot")
def live_hubspot(
    workspace: Workspace, admin: User, sandbox: RunningSandbox, settings: Any, live_server: Any
) -> Iterator[Portal]:
    """Connected and live, with web-hooks that reach us."""
    settings.NEXA_SANDBOX_URL = sandbox.url
    settings.NEXA_BASE_URL = live_server.url
    sandbox.act("hubspot", "set_limits", search="1000", ten_secondly="100000")
    yield live_portal(workspace, admin, sandbox)
    # The vendor must not go on to call a server that is gone.
    sandbox.wait_delivered()


def connection_make(workspace: Workspace, **settings: Any) -> Connection:
    return Connection.objects.create(
        workspace=workspace,
        provider="hubspot",
        name=factories.unique("HubSpot"),
        credentials=Secrets({"access_token": TOKEN, "client_secret": CLIENT_SECRET}),
        settings=settings,
    )


@pytest.fixture(params=["v3", "2026-03"])
def client(
    request: pytest.FixtureRequest, workspace: Workspace, sandbox: RunningSandbox, settings: Any
) -> Client:
    """Every test with it runs on both versions of the API."""
    settings.NEXA_SANDBOX_URL = sandbox.url
    return Client(connection_make(workspace, crm_version=request.param))


@pytest.fixture
def plain_client(workspace: Workspace, sandbox: RunningSandbox, settings: Any) -> Client:
    """For what does not depend on the version."""
    settings.NEXA_SANDBOX_URL = sandbox.url
    return Client(connection_make(workspace))


@pytest.fixture
def portal(workspace: Workspace, sandbox: RunningSandbox, settings: Any) -> Portal:
    """A connection that has our two properties at the vendor."""
    settings.NEXA_SANDBOX_URL = sandbox.url
    sandbox.act("hubspot", "set_limits", search="1000", ten_secondly="100000")
    connection = connection_make(workspace)
    made = marks_ensure(connection)
    connection.settings["marked_kinds"] = list(made.kinds)
    connection.save(update_fields=["settings"])
    return Portal(connection, sandbox)


class Raw:
    """HubSpot asked without our client, also for what our client would never ask."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/hubspot"

    def __call__(self, method: str, path: str, token: str = TOKEN, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return requests.request(
            method,
            self.url + path,
            headers=headers,
            timeout=20,
            allow_redirects=False,
            **options,
        )


@pytest.fixture
def raw() -> Iterator[Raw]:
    """A portal of its own; what goes wrong on purpose is not recorded."""
    with running_hubspot(is_recorded=False) as running:
        yield Raw(running.url)
