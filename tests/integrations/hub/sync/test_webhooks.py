"""Web-hooks as vendors send them: many times, in any order, with old copies (S1)."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from crm.models import Account, Contact
from integrations.hub.models import Connection, InboxEvent, InboxState
from integrations.hub.pump import pump
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import Desk, deliver, ours_of, quiesce, work

pytestmark = pytest.mark.django_db(transaction=True)


def a_busy_day(mirror: MirrorVendor) -> tuple[list[str], list[dict[str, object]]]:
    """People made, edited, merged and deleted there; the ids that are left, and the events."""
    company = mirror.add("companies", domain="acme.test", name="Acme")
    ids = [
        mirror.add("people", email=f"p{number}@x.test", first_name=f"First {number}")
        for number in range(4)
    ]
    for number, id in enumerate(ids):
        mirror.edit("people", id, title=f"Old {number}", company_id=company)
        mirror.edit("people", id, title=f"New {number}")
    mirror.edit("companies", company, city="Berlin")
    mirror.remove("people", ids[2])
    mirror.merge("people", ids[0], ids[3])
    return ids[:2], mirror.events_take()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_events_five_times_shuffled_with_old_copies_end_as_once_in_order(
    connection: Connection, mirror: MirrorVendor, seed: int
) -> None:
    left, events = a_busy_day(mirror)
    chance = random.Random(seed)
    storm = [event | {"id": f"{event['id']}-{copy % 3}"} for event in events for copy in range(5)]
    chance.shuffle(storm)

    deliver(connection, storm[: len(storm) // 2])
    work()
    deliver(connection, storm[len(storm) // 2 :])
    work()
    deliver(connection, events)
    work()

    titles = [ours_of(connection, "people", id).title for id in left]
    assert titles == ["New 0", "New 1"]
    assert Contact.objects.count() == 2
    account = Account.objects.get()
    assert account.city == "Berlin"
    assert set(Contact.objects.values_list("account", flat=True)) == {account.pk}
    assert mirror.writes() == []
    assert set(InboxEvent.objects.values_list("state", flat=True)) <= {
        InboxState.DONE,
        InboxState.IGNORED,
    }
    quiesce(connection, mirror)
    assert mirror.writes() == []
    hub_check(connection, mirror)


def test_hints_of_many_records_are_read_in_batches(
    connection: Connection, mirror: MirrorVendor
) -> None:
    for number in range(30):
        mirror.add("people", email=f"p{number}@x.test")

    deliver(connection, mirror.events_take())
    work()

    assert Contact.objects.count() == 30
    assert mirror.count("read") <= 6


@pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)
def test_vendor_that_cannot_be_asked_is_believed(
    connection: Connection, mirror: MirrorVendor
) -> None:
    id = mirror.add("people", email="ada@x.test", first_name="Ada")

    deliver(connection, mirror.events_take())
    work()

    assert ours_of(connection, "people", id).first_name == "Ada"


def test_old_copy_does_not_undo_an_edit_of_ours(
    connection: Connection, mirror: MirrorVendor, person: str, contact: Contact, desk: Desk
) -> None:
    mirror.edit("people", person, title="Old")
    old = mirror.events_take()
    deliver(connection, old)
    work()
    desk.edit(contact, title="Ours")
    work()

    deliver(connection, [event | {"id": f"{event['id']}-again"} for event in old])
    work()

    contact.refresh_from_db()
    assert (contact.title, mirror.value("people", person, "title")) == ("Ours", "Ours")
    hub_check(connection, mirror, desk)


# --- Where the vendor cannot be asked -----------------------------------------------------------

UNREADABLE = pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)


@UNREADABLE
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_told_values_five_times_shuffled_with_old_copies_end_as_once_in_order(
    connection: Connection, mirror: MirrorVendor, seed: int
) -> None:
    mirror.rules.resolution = timedelta(microseconds=1)
    ids = [mirror.add("people", email=f"p{n}@x.test", first_name=f"First {n}") for n in range(4)]
    for number, id in enumerate(ids):
        mirror.edit("people", id, title=f"Old {number}")
        mirror.edit("people", id, title=f"New {number}", phone=f"+493012345{number}")
    events = mirror.events_take()
    chance = random.Random(seed)
    storm = [event | {"id": f"{event['id']}-{copy}"} for event in events for copy in range(5)]
    chance.shuffle(storm)

    deliver(connection, storm)
    work()
    deliver(connection, events)
    work()

    titles = [ours_of(connection, "people", id).title for id in ids]
    assert titles == [f"New {number}" for number in range(4)]
    assert Contact.objects.count() == 4
    quiesce(connection, mirror)
    assert mirror.writes() == []


@UNREADABLE
def test_late_copy_of_what_was_told_before_replaces_nothing_newer(
    connection: Connection, mirror: MirrorVendor, person: str, contact: Contact
) -> None:
    mirror.rules.resolution = timedelta(microseconds=1)
    mirror.edit("people", person, title="Old")
    old = mirror.events_take()
    mirror.edit("people", person, title="New")
    deliver(connection, mirror.events_take())
    work()

    deliver(connection, [event | {"id": f"{event['id']}-again"} for event in old])
    work()

    contact.refresh_from_db()
    assert contact.title == "New"


@UNREADABLE
def test_what_was_told_before_our_write_does_not_undo_it_and_brings_its_other_fields(
    connection: Connection, mirror: MirrorVendor, person: str, contact: Contact, desk: Desk
) -> None:
    mirror.rules.resolution = timedelta(microseconds=1)
    mirror.edit("people", person, title="Countess", phone="+4930999999")
    told = mirror.events_take()
    desk.edit(contact, title="CEO")
    work()

    deliver(connection, told)
    work()

    contact.refresh_from_db()
    assert (contact.title, contact.phone) == ("CEO", "+4930999999")
    assert mirror.value("people", person, "title") == "CEO"


@UNREADABLE
def test_without_times_the_order_of_arrival_counts(
    connection: Connection, mirror: MirrorVendor, person: str, contact: Contact
) -> None:
    """The first fails for a while, and comes after the second."""
    mirror.rules.has_times = False
    mirror.edit("people", person, title="First")
    first = mirror.events_take()
    mirror.edit("people", person, title="Second")
    deliver(connection, first)
    InboxEvent.objects.update(run_at=Now() + timedelta(minutes=5))
    deliver(connection, mirror.events_take())
    pump(20)
    InboxEvent.objects.update(run_at=Now())
    pump(20)

    contact.refresh_from_db()
    assert contact.title == "Second"
