"""One bad answer to a batch of many edits: their connection hears of it once."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from crm.models import Alert, Contact
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
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
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
