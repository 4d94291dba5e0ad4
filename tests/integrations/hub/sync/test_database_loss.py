"""K12: the database is killed, full, or locked, under real processes; nobody mends anything."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, InternalError, close_old_connections
from django.db import connection as database
from django.db.models.functions import Now
from django.test import Client

from crm.models import Contact, Workspace
from integrations.hub import jobs
from integrations.hub.models import (
    Connection,
    InboxEvent,
    InboxState,
    JobState,
    SyncJob,
    SyncState,
)
from integrations.hub.pump import pump
from tests import factories
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor, signature
from tests.integrations.hub.own_server import (
    SMALLEST_DISK,
    UNLIMITED,
    OwnServer,
)
from tests.integrations.hub.queue.processes import (
    Process,
    eventually,
    group_kill,
    is_stopped,
    states,
)
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.processes import worker_start
from tests.integrations.hub.sync.world import Desk, quiesce, streams_due, time_passes

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.cluster,
    pytest.mark.prove,
]
IS_LONG = bool(os.environ.get("NEXA_PROVE_EXAMPLES"))


@pytest.fixture
def workspace(server: OwnServer) -> Workspace:
    """So that all that a test makes is on its own server."""
    return factories.workspace_make()


# --- The server is killed -------------------------------------------------------------------------
POINTS = [
    "job.claimed",
    "push.before_api",
    "push.after_api",
    "push.before_settle",
    "make.before_api",
    "make.after_api",
    "pull.mid_page",
    "pull.before_cursor",
    "pull.before_promotion",
    "inbox.claimed",
    "inbox.applied",
]
# The ordinary run takes the places where the two sides know different things.
PLANS = [[one] for one in POINTS] if IS_LONG else [["push.after_api", "pull.before_cursor"]]


@pytest.mark.parametrize("points", PLANS, ids="+".join)
@pytest.mark.parametrize("is_back_first", [True, False] if IS_LONG else [False])
def test_server_killed_under_a_worker_costs_nothing_but_time(
    server: OwnServer,
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    shape: Shape,
    points: list[str],
    is_back_first: bool,
) -> None:
    desk.edit(contact, title="CEO")
    desk.make("contact", email="new@acme.test", first_name="New")
    for number in range(5):
        mirror.add("people", email=f"p{number}@x.test", first_name=f"P{number}")
    mirror.edit("people", person, last_name="King")
    [event] = mirror.events_take()[-1:]
    assert post(connection, event) == 200
    streams_due(connection)

    with worker(mirror, shape, ",".join(f"{point}:stop@1" for point in points)) as one:
        for point in points:
            assert eventually(lambda: is_stopped(one), 60), point
            server.kill()
            assert post(connection, event | {"id": f"evt_{point}"}) == 503
            if is_back_first:
                server.start()
                one.send_signal(signal.SIGCONT)
            else:
                one.send_signal(signal.SIGCONT)
                time.sleep(0.5)
                server.start()
            assert post(connection, event | {"id": f"evt_{point}"}) == 200
            time_passes(400)
        assert eventually(is_at_rest, 60), states()
        # The same worker: nobody has started another.
        assert one.poll() is None

    assert mirror.value("people", person, "title") == "CEO"
    assert mirror.makes("people") == 1
    assert len(mirror.writes()) == 2
    assert Contact.objects.count() == 7
    quiesce(connection, mirror)
    assert len(mirror.writes()) == 2
    assert not connection.conflicts.exists()
    hub_check(connection, mirror, desk)


def test_server_killed_around_the_commit_of_a_webhook_answers_by_what_is_kept(
    server: OwnServer, connection: Connection, mirror: MirrorVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.add("people", email="ada@x.test")
    [event] = mirror.events_take()
    answers: dict[str, int] = {}

    def send(id: str) -> None:
        answers[id] = post(connection, event | {"id": id})
        database.close()

    kept, keeping = (threading.Thread(target=send, args=(id,)) for id in ("kept", "keeping"))
    monkeypatch.setenv("HUB_FAULT", "inbox.kept:sleep=1.5")
    kept.start()
    assert eventually(InboxEvent.objects.exists, 30, each=0.02)
    monkeypatch.setenv("HUB_FAULT", "inbox.keeping:sleep=1.5")
    keeping.start()
    time.sleep(0.5)
    server.kill()
    kept.join()
    keeping.join()
    monkeypatch.setenv("HUB_FAULT", "")
    server.start()
    database.close()

    assert answers == {"kept": 200, "keeping": 503}
    assert InboxEvent.objects.get().event_id == "kept"
    assert post(connection, event | {"id": "keeping"}) == 200
    pump(10)
    assert is_at_rest()
    assert Contact.objects.count() == 1


@contextmanager
def worker(mirror: MirrorVendor, shape: Shape, fault: str) -> Iterator[Process]:
    """One that goes on until it is asked to end, and does so well."""
    started = worker_start(mirror, shape, fault, 300, "hubworker")
    try:
        yield started
        started.send_signal(signal.SIGTERM)
        # It ends what it has begun: a pump's budget, and the longest call and lock after that.
        assert started.wait(150) == 0
    finally:
        group_kill(started)


def is_at_rest() -> bool:
    is_worked_off = set(states()) <= {"done", "superseded"}
    is_heard = set(InboxEvent.objects.values_list("state", flat=True)) <= {InboxState.DONE}
    is_pulled = not SyncState.objects.filter(status="syncing").exists()
    return is_worked_off and is_heard and is_pulled


def post(connection: Connection, event: dict[str, Any], padding: str = "") -> int:
    body = json.dumps({"events": [event], "padding": padding}).encode()
    close_old_connections()  # as a web server does with each request, and this client does not
    answer = Client(raise_request_exception=False).post(
        f"/webhooks/mirror/{connection.webhook_key}/",
        data=body,
        content_type="application/json",
        headers={"X-Mirror-Signature": signature(body)},
    )
    return answer.status_code


# --- The disk is full -----------------------------------------------------------------------------
def test_full_disk_is_503_and_work_waits_for_room(
    server: OwnServer,
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
) -> None:
    mirror.edit("people", person, last_name="King")
    [told] = mirror.events_take()
    desk.edit(contact, title="CEO")
    attempts_fill()
    server.disk_limit(SMALLEST_DISK)
    gaps_fill()

    events = [told | {"id": f"evt_{number}"} for number in range(20)]
    answers = {event["id"]: post(connection, event, incompressible()) for event in events}
    assert set(answers.values()) == {200, 503}
    kept = set(InboxEvent.objects.values_list("event_id", flat=True))
    assert kept == {id for id, status in answers.items() if status == 200}

    # For longer than three workers could have died of it.
    for _ in range(4):
        with pytest.raises(DatabaseError):
            pump(5)
        leases_end()
        jobs.sweep()
    assert len(mirror.writes()) == 1
    assert states()[JobState.READY] > 0
    assert states()[JobState.DEAD] == 0

    server.disk_limit(UNLIMITED)
    assert {post(connection, event) for event in events} == {200}
    pump(10)
    assert is_at_rest(), states()
    assert mirror.value("people", person, "title") == "CEO"
    assert len(mirror.writes()) == 1
    hub_check(connection, mirror, desk)


ATTEMPTS = """
INSERT INTO hub_attempt (job_id, number, generation, is_counted, outcome, code,
    message, request_digest, exchanges, started_at, duration_ms)
SELECT j.id, n, 1, true, 'done', '', repeat('x', %s), '', '[]', now(), 1
FROM (SELECT id FROM hub_syncjob LIMIT 1) j, generate_series(%s, %s) n
"""


def attempts_fill() -> None:
    """More tries are kept than the disk will have room for; nothing makes room again meanwhile."""
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE hub_attempt SET (autovacuum_enabled = false)")
        cursor.execute(ATTEMPTS, [1500, 2, 12_000])


def gaps_fill() -> None:
    """Until not even the smallest try finds room in a page that is there already."""

    def one_more(number: int) -> None:
        with database.cursor() as cursor:
            cursor.execute(ATTEMPTS, [0, number, number])

    with pytest.raises(InternalError, match="could not extend"):
        list(map(one_more, range(12_001, 200_000)))


def incompressible() -> str:
    """Nearly as much as a web-hook may hold."""
    return base64.b64encode(os.urandom(700_000)).decode()


def leases_end() -> None:
    SyncJob.objects.update(lease_until=Now() - timedelta(seconds=1), run_at=Now())
