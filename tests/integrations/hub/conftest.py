"""The echo provider, its vendor on a free port, a connection to it, and time that can be moved."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client

from crm.models import Account, User, Workspace
from integrations.hub import registry
from integrations.hub.commands import command_enqueue
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection, SyncJob
from tests import factories
from tests.integrations.hub import echo
from tests.integrations.hub.own_server import OwnServer, own_server, used


@pytest.fixture(autouse=True)
def echo_provider() -> Iterator[None]:
    registry.add(echo.provider)
    yield
    registry.remove("echo")


@pytest.fixture
def vendor(settings: Any) -> Iterator[echo.EchoVendor]:
    with echo.running_vendor() as vendor:
        settings.NEXA_SANDBOX_URL = vendor.url
        yield vendor


def connection_make(workspace: Workspace, **fields: Any) -> Connection:
    secrets = Secrets({"api_key": echo.API_KEY, "webhook_secret": echo.WEBHOOK_SECRET})
    values = {"provider": "echo", "name": factories.unique("Echo"), "credentials": secrets}
    return Connection.objects.create(workspace=workspace, **(values | fields))


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    return connection_make(workspace)


@pytest.fixture
def actor(workspace: Workspace) -> User:
    return factories.membership_make(workspace).user


@pytest.fixture(scope="module")
def one_server(django_db_setup: None, django_db_blocker: Any) -> Iterator[OwnServer]:
    with django_db_blocker.unblock(), own_server() as server:
        yield server


@pytest.fixture
def server(one_server: OwnServer, transactional_db: None) -> Iterator[OwnServer]:
    with used(one_server):
        yield one_server


def account_make(workspace: Workspace) -> Account:
    return Account.objects.create(workspace=workspace, name=factories.unique("Account"))


def command_make(
    connection: Connection, account: Account | None = None, kind: str = "thing_create"
) -> SyncJob:
    """A command waiting for the pump."""
    account = account or account_make(connection.workspace)
    intent = command_enqueue(
        connection,
        kind,
        subject=("account", account.pk),
        body={"name": account.name},
        key=factories.unique("key"),
    )
    return SyncJob.objects.get(intent=intent)


def post_event(
    connection: Connection, *events: dict[str, Any], client: Client | None = None, **headers: str
) -> Any:
    body = json.dumps({"events": list(events)}).encode()
    sent = {"X-Echo-Signature": echo.signature(body), **headers}
    return (client or Client()).post(
        f"/webhooks/echo/{connection.webhook_key}/",
        data=body,
        content_type="application/json",
        headers=sent,
    )


def time_passes(seconds: float) -> None:
    """Everything the engine compares with the database's clock happened `seconds` earlier."""
    moved = {
        "hub_syncjob": ("run_at", "sort_at", "lease_until", "finished_at"),
        "hub_inboxevent": ("run_at", "lease_until"),
        "hub_connection": (
            "gate_until",
            "breaker_opened_at",
            "outage_since",
            "revive_since",
            "revive_forbidden_until",
            "window_started_at",
            "last_served_at",
        ),
        "hub_ratebucket": ("tat", "blocked_until", "paced_at"),
        "hub_namedlease": ("until",),
        "hub_hubheartbeat": ("at",),
        "hub_wake": ("at",),
        "hub_attempt": ("started_at",),
    }
    with database.cursor() as cursor:
        for table, columns in moved.items():
            sets = ", ".join(f"{name} = {name} - interval '{seconds} seconds'" for name in columns)
            cursor.execute(f"UPDATE {table} SET {sets}")


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(number)` in threads that start together; results in order, errors raised."""
    barrier = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        try:
            barrier.wait()
            results[number] = work(number)
        except Exception as error:
            results[number] = error
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


@pytest.fixture
def signals_as_before() -> Iterator[None]:
    """For commands that listen to signals in the process of the tests."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
