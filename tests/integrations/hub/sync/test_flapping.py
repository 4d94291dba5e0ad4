"""Two sides that never agree: a field that goes to and fro, and a pair that changes too fast."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.models import Contact, User
from integrations.hub.models import Connection, JobState, LinkState, SyncJob, SyncRecord
from integrations.hub.pump import pump
from integrations.hub.sync.steering import by_operator, links_retry
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import Desk, link_of, pull, quiesce, time_passes, work

pytestmark = pytest.mark.django_db(transaction=True)

MOST_FLIPS = 4


@pytest.fixture(autouse=True)
def few_flips(settings: Any) -> None:
    settings.SYNC_FLIPS_PER_HOUR = MOST_FLIPS


def there_and_back(
    connection: Connection, mirror: MirrorVendor, desk: Desk, contact: Contact, person: str
) -> None:
    """Each side corrects the other once: two flips, but for the first time."""
    number = len(desk.typed)
    desk.edit(contact, title=f"Ours {number}")
    work()
    mirror.edit("people", person, title=f"Theirs {number}")
    pull(connection)


def test_field_that_goes_to_and_fro_sets_its_pair_aside_with_what_it_was_about(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    for _ in range(1 + MOST_FLIPS // 2):
        there_and_back(connection, mirror, desk, contact, person)

    link = link_of(connection, contact)
    assert link.state == LinkState.QUARANTINED
    assert link.reason.startswith("title went to and fro between the two sides more than 4 times")
    before = len(mirror.writes())
    desk.edit(contact, title="Once more")
    work()
    pull(connection, is_full=True)
    contact.refresh_from_db()
    assert (contact.title, len(mirror.writes())) == ("Once more", before)


def test_pair_that_flapped_goes_on_once_a_person_says_so(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    actor: User,
) -> None:
    for _ in range(1 + MOST_FLIPS // 2):
        there_and_back(connection, mirror, desk, contact, person)

    links_retry(SyncRecord.objects.all(), origin=by_operator(actor))
    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert link_of(connection, contact).state == LinkState.ACTIVE
    assert contact.title == mirror.value("people", person, "title")
    hub_check(connection, mirror, desk)


def test_many_writes_of_one_direction_are_people_at_work(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    for number in range(3 * MOST_FLIPS):
        desk.edit(contact, title=f"Ours {number}")
        work()

    assert link_of(connection, contact).state == LinkState.ACTIVE
    assert mirror.value("people", person, "title") == f"Ours {3 * MOST_FLIPS - 1}"


def test_flips_of_more_than_an_hour_ago_are_forgotten(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    for _ in range(MOST_FLIPS // 2):
        there_and_back(connection, mirror, desk, contact, person)
    link = link_of(connection, contact)
    long_ago = (datetime.now(UTC) - timedelta(minutes=61)).isoformat()
    way, times, _ = link.flips["title"]
    SyncRecord.objects.filter(pk=link.pk).update(flips={"title": [way, times, long_ago]})

    there_and_back(connection, mirror, desk, contact, person)

    link = link_of(connection, contact)
    assert (link.state, link.flips["title"][1]) == (LinkState.ACTIVE, 1)


@pytest.mark.parametrize("shape", [Shape(is_guarded=True)], indirect=True)
def test_pair_that_changes_at_every_write_goes_up_the_ladder_and_gets_through_later(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    phones = iter(range(10_000, 20_000))

    def beaten(kind: str, body: Any) -> Trouble | None:
        """Somebody there is a moment faster, each time."""
        if kind != "write":
            return None
        return Trouble(before=lambda: mirror.edit("people", person, phone=f"+49301{next(phones)}"))

    mirror.always = beaten
    desk.edit(contact, title="CEO")
    pump(0)

    job = SyncJob.objects.get(record_id=contact.pk)
    assert (job.state, job.attempts, mirror.count("write")) == (JobState.READY, 1, 8)
    assert "faster than they can be compared" in job.last_error
    mirror.always = None
    time_passes(60)
    quiesce(connection, mirror)
    contact.refresh_from_db()
    assert (mirror.value("people", person, "title"), contact.phone) == ("CEO", "+4930110007")
    hub_check(connection, mirror, desk)
