"""The kill matrix: kill -9 of a real process at each step, then another one goes on (K3 to K8)."""

from __future__ import annotations

import signal

import pytest

from crm.models import Contact
from integrations.hub.models import Connection, IntentOutcome, SyncState, WriteIntent
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.processes import worker_run
from tests.integrations.hub.sync.world import (
    Desk,
    link_of,
    quiesce,
    streams_due,
    time_passes,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]

KILLED = -signal.SIGKILL
STRONG = Shape()
WEAK = Shape(has_markers=False)


@pytest.mark.parametrize("shape", [STRONG, WEAK], ids=("markers", "none"), indirect=True)
@pytest.mark.parametrize(
    ("point", "landed"),
    [("push.before_api", 0), ("push.after_api", 1), ("push.before_settle", 1)],
)
def test_push_killed_is_sent_once(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    shape: Shape,
    point: str,
    landed: int,
) -> None:
    desk.edit(contact, title="CEO")

    assert worker_run(mirror, shape, f"{point}:kill@1") == KILLED
    assert len(mirror.writes()) == landed
    assert WriteIntent.objects.get().outcome == IntentOutcome.UNKNOWN
    time_passes(70)
    assert worker_run(mirror, shape) == 0

    assert len(mirror.writes()) == 1
    assert mirror.value("people", person, "title") == "CEO"
    quiesce(connection, mirror)
    assert len(mirror.writes()) == 1
    assert not connection.conflicts.exists()
    hub_check(connection, mirror, desk)


@pytest.mark.parametrize("shape", [STRONG, WEAK], ids=("markers", "none"), indirect=True)
@pytest.mark.parametrize("point", ["make.before_api", "make.after_api"])
def test_make_killed_then_edited_makes_one_record_and_sends_the_edit(
    connection: Connection, mirror: MirrorVendor, desk: Desk, shape: Shape, point: str
) -> None:
    contact = desk.make("contact", email="ada@acme.test", first_name="Ada")

    assert worker_run(mirror, shape, f"{point}:kill@1") == KILLED
    desk.edit(contact, first_name="Adele")
    time_passes(70)
    assert worker_run(mirror, shape) == 0
    quiesce(connection, mirror)

    [made] = mirror.live("people")
    assert mirror.makes() == 1
    assert made.values["first_name"] == "Adele"
    assert link_of(connection, contact).external_id == made.id
    assert not connection.conflicts.exists()
    hub_check(connection, mirror, desk)


@pytest.mark.parametrize("point", ["pull.mid_page", "pull.before_cursor", "pull.before_promotion"])
@pytest.mark.parametrize("hit", [1, 2])
def test_pull_killed_leaves_no_gap_and_doubles_nothing(
    connection: Connection,
    mirror: MirrorVendor,
    desk: Desk,
    shape: Shape,
    point: str,
    hit: int,
) -> None:
    mirror.rules.page_size = 3
    for number in range(8):
        mirror.add("people", email=f"p{number}@x.test", first_name=f"P{number}")
    mirror.add("companies", domain="x.test", name="X")
    streams_due(connection)

    assert worker_run(mirror, shape, f"{point}:kill@{hit}") == KILLED
    assert Contact.objects.count() < 9
    time_passes(400)
    streams_due(connection)
    assert worker_run(mirror, shape) == 0

    assert Contact.objects.count() == 8
    assert Contact.objects.values("email").distinct().count() == 8
    state = SyncState.objects.get(connection=connection, object="people")
    assert state.run_cursor is None
    quiesce(connection, mirror)
    assert mirror.writes() == []
    hub_check(connection, mirror, desk)
