"""K12 under load: the database is killed again and again, under web server and workers."""

from __future__ import annotations

import json
import os
import threading
import time

import pytest
import requests
from django.db import connection as database

from crm.models import Account, Workspace
from integrations.hub import ticking, wake
from integrations.hub.models import AppliedFact, Connection, InboxEvent, InboxState, JobState
from tests import factories
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import command_make, connection_make, time_passes
from tests.integrations.hub.echo import EchoVendor
from tests.integrations.hub.own_server import OwnServer
from tests.integrations.hub.queue.processes import eventually, states, web, workers

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.cluster,
    pytest.mark.prove,
    pytest.mark.skipif(
        not os.environ.get("NEXA_PROVE_EXAMPLES"), reason="takes minutes: make prove"
    ),
]
ROUNDS = 5


@pytest.fixture
def workspace(server: OwnServer) -> Workspace:
    """So that all that a test makes is on its own server."""
    return factories.workspace_make()


@pytest.mark.parametrize(("mode", "count"), [("hubworker", 2), ("cluster", 1)])
def test_server_killed_again_and_again_under_load_loses_and_doubles_nothing(
    server: OwnServer, workspace: Workspace, vendor: EchoVendor, mode: str, count: int
) -> None:
    connection = connection_make(workspace)
    wake.ensure()
    answers: dict[str, list[int]] = {}
    is_over = threading.Event()

    with web() as address, workers(vendor, mode, count=count, seconds=900) as started:

        def send() -> None:
            while not is_over.wait(0.02):
                id = f"evt_{len(answers)}"
                answers[id] = [event_send(address, connection, id)]

        sender = threading.Thread(target=send)
        sender.start()
        # One that cannot begin ends, and whoever supervises it begins it anew.
        assert eventually(lambda: AppliedFact.objects.exists(), 120)
        for _ in range(ROUNDS):
            time.sleep(4)
            for _ in range(10):
                command_make(connection)
            time.sleep(1)
            server.kill()
            time.sleep(2)
            server.start()
            database.close()
            time_passes(400)
        is_over.set()
        sender.join()
        for id, many in answers.items():
            while many[-1] != 200:
                many.append(event_send(address, connection, id))
        assert eventually(is_worked_off, 180, each=1), states()
        assert all(one.poll() is None for one in started)

    # The web server answered each call, with nothing but these.
    assert {status for many in answers.values() for status in many} == {200, 503}
    assert set(InboxEvent.objects.values_list("event_id", flat=True)) == set(answers)
    assert AppliedFact.objects.count() == len(answers)
    made = Account.objects.filter(name__startswith="made ")
    assert made.count() == made.values("name").distinct().count() == len(answers)
    assert len(vendor.things) == len(vendor.keys()) == ROUNDS * 10


def event_send(address: str, connection: Connection, id: str) -> int:
    event = {"id": id, "kind": "account.made", "name": f"made {id}"}
    body = json.dumps({"events": [event]}).encode()
    return requests.post(
        f"{address}/webhooks/echo/{connection.webhook_key}/",
        body,
        headers={"X-Echo-Signature": echo.signature(body)},
        timeout=60,
        proxies={"http": ""},
    ).status_code


def is_worked_off() -> bool:
    """With the tick that the cluster's own schedule does each minute."""
    ticking.tick()
    is_heard = set(InboxEvent.objects.values_list("state", flat=True)) <= {InboxState.DONE}
    return is_heard and states().keys() == {JobState.DONE}
