"""One bad answer to a batch of many edits: their connection hears of it once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.db.models import Sum

from crm.choices import AlertStatus
from crm.models import Alert, Contact
from integrations.hub.connections import credentials_replace
from integrations.hub.models import (
    BreakerState,
    Connection,
    ConnectionState,
    GateReason,
    JobState,
    RateBucket,
    SyncJob,
)
from integrations.hub.pump import pump
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import API_KEY, MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk, pull, time_passes, work

pytestmark = pytest.mark.django_db(transaction=True)

EDITS = 10


@pytest.fixture
def people(connection: Connection, mirror: MirrorVendor) -> list[Contact]:
    """As many linked people as one call writes."""
    for number in range(EDITS):
        mirror.add("people", email=f"p{number}@x.test", title="Old")
    pull(connection)
    mirror.forget_calls()
    return list(Contact.objects.order_by("pk"))


@pytest.fixture
def edited(people: list[Contact], desk: Desk) -> list[Contact]:
    """Each of them has a new title that waits to be sent."""
    for contact in people:
        desk.edit(contact, title="New")
    return people


def titles(mirror: MirrorVendor) -> set[str]:
    return {one.values["title"] for one in mirror.live("people")}


def attempts(connection: Connection) -> int:
    """The tries that were charged to the jobs of the connection."""
    jobs = SyncJob.objects.filter(connection=connection)
    return int(jobs.aggregate(sum=Sum("attempts"))["sum"])


def test_one_answer_of_trouble_is_no_outage(
    connection: Connection, mirror: MirrorVendor, edited: list[Contact]
) -> None:
    mirror.script = [Trouble("write", status=503)]

    pump(0)

    connection.refresh_from_db()
    assert mirror.count("write") == 1
    assert (connection.breaker_state, connection.breaker_failures) == (BreakerState.CLOSED, 1)
    assert not Alert.objects.filter(kind="connection_outage").exists()
    work()
    assert titles(mirror) == {"New"}


def test_outage_met_by_batches_opens_the_breaker_after_five_calls(
    connection: Connection, mirror: MirrorVendor, edited: list[Contact]
) -> None:
    mirror.always = lambda kind, body: Trouble(status=503)

    for _ in range(5):
        connection.refresh_from_db()
        assert connection.breaker_state == BreakerState.CLOSED
        pump(0)
        time_passes(40)

    connection.refresh_from_db()
    assert connection.breaker_state == BreakerState.OPEN
    assert Alert.objects.filter(kind="connection_outage").count() == 1
    mirror.always = None
    for _ in range(4):
        time_passes(60)
        work()
    assert titles(mirror) == {"New"}
    assert set(SyncJob.objects.values_list("state", flat=True)) == {JobState.DONE}


def test_one_refusal_for_the_rate_halves_the_pace_once(
    connection: Connection, mirror: MirrorVendor, edited: list[Contact]
) -> None:
    mirror.script = [Trouble("write", status=429, headers={"Retry-After": "30"})]

    pump(0)

    connection.refresh_from_db()
    assert connection.gate_reason == GateReason.RATE
    assert RateBucket.objects.get(key=f"{connection.pk}:api").pace == pytest.approx(0.5)
    assert attempts(connection) == 0
    work()
    assert titles(mirror) == {"New"}


@pytest.mark.parametrize(("seconds", "alerts"), [("3599", 0), ("3600", 1), ("90000", 1)])
def test_refusal_for_an_hour_or_more_is_told_once(
    connection: Connection,
    mirror: MirrorVendor,
    edited: list[Contact],
    seconds: str,
    alerts: int,
) -> None:
    mirror.script = [Trouble("write", status=429, headers={"Retry-After": seconds})]

    pump(0)

    connection.refresh_from_db()
    assert connection.gate_reason == GateReason.RATE
    told = Alert.objects.filter(kind="connection_rate_limited")
    assert list(told.values_list("occurrences", flat=True)) == [1] * alerts


def test_alert_of_a_long_wait_ends_with_it(
    connection: Connection, mirror: MirrorVendor, edited: list[Contact]
) -> None:
    mirror.script = [Trouble("write", status=429, headers={"Retry-After": "3600"})]
    pump(0)

    time_passes(3700)
    work()

    assert titles(mirror) == {"New"}
    connection.refresh_from_db()
    assert connection.gate_reason == GateReason.NONE
    assert Alert.objects.get(kind="connection_rate_limited").status == AlertStatus.RESOLVED


def test_one_refusal_of_the_credentials_is_told_once(
    connection: Connection, mirror: MirrorVendor, edited: list[Contact]
) -> None:
    mirror.script = [Trouble("write", status=401)]

    pump(0)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.AUTH_FAILED
    assert attempts(connection) == 0
    alert = Alert.objects.get(kind="connection_auth_failed")
    assert alert.occurrences == 1


OF_THE_CONNECTION = [
    Trouble("write", is_reset=True),
    Trouble("write", status=503),
    Trouble("write", status=429),
    Trouble("write", status=401),
]


@pytest.mark.parametrize("shape", [Shape(write_size=1)], indirect=True)
@pytest.mark.parametrize("trouble", OF_THE_CONNECTION, ids=["reset", "503", "429", "401"])
def test_rest_of_a_batch_is_not_sent_after_a_trouble_of_the_connection(
    connection: Connection, mirror: MirrorVendor, edited: list[Contact], trouble: Trouble
) -> None:
    mirror.always = lambda kind, body: trouble if kind == "write" else None

    pump(0)

    assert mirror.count("write") == 1
    assert attempts(connection) == (0 if trouble.status in (401, 429) else 1)
    assert set(SyncJob.objects.values_list("state", flat=True)) == {JobState.READY}
    mirror.always = None
    if trouble.status == 401:
        reconnect(connection)
    time_passes(60)
    work()
    assert titles(mirror) == {"New"}
    assert set(SyncJob.objects.values_list("state", flat=True)) == {JobState.DONE}


@pytest.mark.parametrize("shape", [Shape(write_size=1)], indirect=True)
def test_makes_after_a_trouble_of_the_connection_are_made_once_when_it_is_over(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    for number in range(3):
        desk.make("contact", email=f"new{number}@x.test", title="New")
    mirror.script = [Trouble("write", is_lost=True)]

    pump(0)

    assert mirror.count("write") == 1
    assert attempts(connection) == 1
    time_passes(60)
    work()
    assert [one.values["title"] for one in mirror.live("people")] == ["New"] * 3
    assert set(SyncJob.objects.values_list("state", flat=True)) == {JobState.DONE}


def reconnect(connection: Connection) -> None:
    """Somebody enters the key again, with the permission that was missing."""
    connection.refresh_from_db()
    report = credentials_replace(connection, credentials={"api_key": API_KEY}, actor=None)
    assert report.is_ok


def test_batch_forbidden_as_a_whole_is_the_connections_and_kills_no_job(
    connection: Connection, mirror: MirrorVendor, edited: list[Contact]
) -> None:
    mirror.always = lambda kind, body: Trouble(status=403) if kind == "write" else None

    pump(0)

    mirror.always = None

    connection.refresh_from_db()
    assert connection.state == ConnectionState.AUTH_FAILED
    assert Alert.objects.filter(kind="connection_auth_failed").exists()
    assert set(SyncJob.objects.values_list("state", flat=True)) == {JobState.READY}
    assert attempts(connection) == 0
    reconnect(connection)
    work()
    assert titles(mirror) == {"New"}


def test_reconnected_connection_sends_what_one_by_one_was_forbidden(
    connection: Connection, mirror: MirrorVendor, people: list[Contact], desk: Desk
) -> None:
    mirror.always = lambda kind, body: Trouble(status=403) if kind == "write" else None
    for contact in people[:3]:
        desk.edit(contact, title="New")
        pump(0)
        connection.refresh_from_db()
    assert connection.state == ConnectionState.AUTH_FAILED
    assert set(SyncJob.objects.values_list("state", "reason")) == {(JobState.DEAD, "forbidden")}
    mirror.always = None

    reconnect(connection)
    work()

    assert titles(mirror) == {"New", "Old"}
    assert set(SyncJob.objects.values_list("state", flat=True)) == {JobState.DONE}


def test_two_that_are_off_limits_among_many_stop_nobody(
    connection: Connection, mirror: MirrorVendor, people: list[Contact], desk: Desk
) -> None:
    mirror.script = [Trouble("write", status=403)]
    for contact in people[:2]:
        desk.edit(contact, title="New")

    pump(0)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE
    assert SyncJob.objects.filter(state=JobState.DEAD, reason="forbidden").count() == 2


@pytest.mark.parametrize("shape", [Shape(write_size=3)], indirect=True)
def test_missing_permission_is_told_beside_one_record_that_is_off_limits(
    connection: Connection, mirror: MirrorVendor, people: list[Contact], desk: Desk
) -> None:
    desk.make("contact", email="off-limits@x.test", title="New")
    for contact in people[:3]:
        desk.edit(contact, title="New")
    desk.edit(people[3], title="Fine")

    def forbidden(kind: str, body: Mapping[str, Any]) -> Trouble | None:
        return Trouble(status=403) if kind == "write" and "New" in str(body) else None

    mirror.always = forbidden
    pump(0)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.AUTH_FAILED
    states = SyncJob.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [JobState.DEAD, *[JobState.READY] * 3, JobState.DONE]


def test_many_that_are_looked_for_again_are_no_outage(
    connection: Connection, mirror: MirrorVendor, edited: list[Contact]
) -> None:
    for thing in mirror.live("people")[:8]:
        mirror.remove("people", thing.id)

    pump(0)

    connection.refresh_from_db()
    assert (connection.breaker_state, connection.breaker_failures) == (BreakerState.CLOSED, 0)
    assert not Alert.objects.filter(kind="connection_outage").exists()
    waiting = SyncJob.objects.filter(state=JobState.READY)
    assert set(waiting.values_list("attempts", "last_error_code")) == {(0, "look_again")}
    assert waiting.count() == 8
    time_passes(70)
    work()
    assert not SyncJob.objects.filter(state=JobState.READY).exists()
