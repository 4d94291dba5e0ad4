"""K12: a table is locked for long by another session; vendors and people are told, none crashes."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from django.db import connection as database
from django.db import transaction
from django.test import Client

from crm.models import User
from integrations.hub.models import Connection, InboxEvent
from nexa import patience
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import in_threads, post_event
from tests.integrations.hub.queue.processes import web

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.cluster,
    pytest.mark.prove,
]
IS_LONG = bool(os.environ.get("NEXA_PROVE_EXAMPLES"))
LONG = pytest.mark.skipif(not IS_LONG, reason="takes a minute: make prove")
LOCKED_SECONDS = 30
NO_PROXIES = {"http": "", "https": ""}
MADE = {"id": "evt_1", "kind": "account.made", "name": "Acme"}
PAGES = ("/accounts/", "/api/accounts/")


@pytest.fixture
def little_patience() -> Iterator[None]:
    patience.limit(0.3)
    yield
    patience.unlimit()


@contextmanager
def locked(*tables: str, seconds: float = 120) -> Iterator[None]:
    """Another session holds the tables for itself alone, until the end or for so long."""
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic(), database.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
                held.set()
                free.wait(seconds)
        finally:
            database.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    try:
        yield
    finally:
        free.set()
        thread.join()


def test_locked_table_is_503_for_vendors_and_people_and_then_all_is_well(
    connection: Connection, admin: User, little_patience: None
) -> None:
    def ask(_: int) -> list[int]:
        client = Client(raise_request_exception=False)
        client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
        answers = [post_event(connection, MADE), *(client.get(page) for page in PAGES)]
        return [answer.status_code for answer in answers]

    # In a thread of its own, whose session is begun with that patience.
    with locked("hub_inboxevent", "crm_account"):
        assert in_threads(1, ask) == [[503, 503, 503]]

    assert not InboxEvent.objects.exists()
    assert in_threads(1, ask) == [[200, 200, 200]]
    assert InboxEvent.objects.count() == 1


@LONG
def test_table_locked_for_half_a_minute_never_shows_an_error_page(
    connection: Connection, admin: User
) -> None:
    cookies = {"sessionid": signed_in(admin)}
    until = time.monotonic() + LOCKED_SECONDS + 10
    with web() as address:

        def ask(number: int) -> list[tuple[str, int]]:
            """Vendors and people call, again and again."""
            answers = []
            while time.monotonic() < until:
                id = f"evt_{number}_{len(answers)}"
                if number % 2:
                    answer = get(address + PAGES[len(answers) % 2], cookies)
                else:
                    answer = send(address, connection, MADE | {"id": id})
                answers.append((id, answer.status_code))
            return answers

        with locked("hub_inboxevent", "crm_account", seconds=LOCKED_SECONDS):
            answers = in_threads(6, ask)

    statuses = [status for many in answers for _, status in many]
    assert set(statuses) == {200, 503}
    accepted = {id for many in answers[::2] for id, status in many if status == 200}
    assert accepted == set(InboxEvent.objects.values_list("event_id", flat=True))
    # Nobody waited for all of it.
    assert all(503 in [status for _, status in many] for many in answers)
    assert [many[-1][1] for many in answers] == [200] * 6


def signed_in(person: User) -> str:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies["sessionid"].value


def get(address: str, cookies: dict[str, str]) -> requests.Response:
    return requests.get(address, cookies=cookies, timeout=60, proxies=NO_PROXIES)


def send(address: str, connection: Connection, event: dict[str, str]) -> requests.Response:
    body = json.dumps({"events": [event]}).encode()
    return requests.post(
        f"{address}/webhooks/echo/{connection.webhook_key}/",
        body,
        headers={"X-Echo-Signature": echo.signature(body)},
        timeout=60,
        proxies=NO_PROXIES,
    )
