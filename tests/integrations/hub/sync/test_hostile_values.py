"""Values of theirs that no column of ours can hold: the record comes in, and so do all others."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Contact, User
from integrations.hub.models import (
    Connection,
    JobState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    WriteIntent,
)
from integrations.hub.pump import pump
from integrations.hub.streams import Hint
from integrations.hub.sync.inbound import hints_take
from integrations.hub.sync.reconciling import reconcile_now
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.scene import storable
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.refusing import rows_refused
from tests.integrations.hub.sync.world import Desk, ours_of, pull, quiesce, time_passes, work

# Nothing of it can be looked for, and it tells nobody which record of ours a thing is of.
UNSEARCHABLE = Shape(can_find=False, has_markers=False)


@pytest.mark.django_db(transaction=True)
def test_text_that_cannot_be_stored_stops_nobody(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.add("people", email="ada@acme.test", first_name="A\x00da", last_name="B\ud800yron")
    mirror.add("people", email="bob@acme.test", first_name="Bob")

    pull(connection)
    quiesce(connection, mirror)

    names = Contact.objects.order_by("email").values_list("first_name", "last_name")
    assert list(names) == [("Ada", "Byron"), ("Bob", "")]
    assert not connection.sync_states.exclude(last_error="").exists()


def test_storable_leaves_all_else_as_it_is() -> None:
    told = {"a": " x ", "b": [1, 2.5, None, True], "c": {"d": "Łódź"}}

    assert storable(told) == told
    assert storable(math.nan) is None
    assert storable(("e\x00", {"f\x00": math.inf})) == ["e", {"f": None}]


@pytest.mark.django_db(transaction=True)
def test_link_value_that_is_too_long_for_an_id_is_told_and_stops_nobody(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    ada = mirror.add("people", email="ada@acme.test", company_id="x" * 400)
    mirror.add("people", email="bob@acme.test")
    pull(connection)
    desk.edit(ours_of(connection, "people", ada), title="CEO")
    quiesce(connection, mirror)

    assert set(Contact.objects.values_list("email", flat=True)) == {
        "ada@acme.test",
        "bob@acme.test",
    }
    assert mirror.value("people", ada, "title") == "CEO"
    link = SyncRecord.objects.get(external_id=ada)
    assert "too long" in link.problems["account"]
    assert link.waits_for == []
    assert_well(connection)


@pytest.mark.django_db(transaction=True)
def test_things_whose_ids_are_too_long_are_set_aside_and_stop_nobody(
    connection: Connection, mirror: MirrorVendor
) -> None:
    things = mirror.tables.things["people"]
    model = things.pop(mirror.add("people", email="ada@acme.test"))
    for end in "ab":
        things["x" * 300 + end] = replace(model, id="x" * 300 + end)
    mirror.add("people", email="bob@acme.test")

    people = connection.sync_states.get(object="people")
    assert reconcile_now(people, is_repair=True).details["counts"]["quarantined"] == 2
    pull(connection)
    pull(connection, is_full=True)

    assert [one.email for one in Contact.objects.all()] == ["bob@acme.test"]
    items = QuarantinedItem.objects.filter(connection=connection)
    assert [one.tries for one in items] == [2, 2]
    assert {"too long" in one.message for one in items} == {True}
    assert reconcile_now(people, is_repair=True).details["counts"]["quarantined"] == 2
    assert_well(connection)


@pytest.mark.django_db(transaction=True)
def test_item_that_is_listed_by_the_beginning_of_its_id_is_not_asked_for(
    connection: Connection, mirror: MirrorVendor, operator: User, client: Client
) -> None:
    hints_take(connection, [Hint("people", "x" * 300)], received_at=database_now())
    bob = mirror.add("people", email="not an address")
    pull(connection)
    mirror.edit("people", bob, email="bob@acme.test")
    long, wrong = QuarantinedItem.objects.order_by("pk")

    client.force_login(operator)
    page = client.post(
        reverse("admin:hub_quarantineditem_changelist"),
        {"action": "retry", "_selected_action": [long.pk, wrong.pk]},
        follow=True,
    ).content.decode()
    work()

    assert f"Left alone: item {long.pk}. Its id there is too long to ask for it" in page
    assert "1 item looked at again" in page
    assert list(QuarantinedItem.objects.all()) == [long]
    assert Contact.objects.get().email == "bob@acme.test"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_known", [False, True])
def test_record_that_our_database_refuses_is_set_aside_and_the_page_goes_on(
    connection: Connection, mirror: MirrorVendor, is_known: bool
) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test") for number in range(3)]
    if is_known:
        pull(connection)
        for id in ids:
            mirror.edit("people", id, title="CEO")

    with rows_refused("hub_syncrecord", f"NEW.external_id = '{ids[1]}'"):
        pull(connection)

        taken = Contact.objects.filter(**({"title": "CEO"} if is_known else {}))
        assert sorted(one.email for one in taken) == ["p0@x.test", "p2@x.test"]
        assert QuarantinedItem.objects.get().external_id == ids[1]
        assert_well(connection)
    pull(connection, is_full=True)
    assert taken.all().count() == 3
    assert not QuarantinedItem.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shape", [Shape(write_size=10)], indirect=True)
def test_record_that_our_database_refuses_takes_no_other_job_with_it(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test") for number in range(3)]
    pull(connection)
    contacts = [ours_of(connection, "people", id) for id in ids]
    for one in contacts:
        desk.edit(one, title="CEO")

    with rows_refused("hub_syncrecord", f"NEW.external_id = '{ids[1]}'"):
        pump(0)

    left = SyncJob.objects.exclude(state=JobState.DONE)
    assert [(job.record_id, job.attempts) for job in left] == [(contacts[1].pk, 1)]
    assert [mirror.value("people", id, "title") for id in ids] == ["CEO", None, "CEO"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shape", [Shape(), UNSEARCHABLE], indirect=True)
def test_thing_that_is_made_under_too_long_an_id_is_told_and_made_once(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    contact = made_under_too_long_an_id(mirror, desk)
    desk.edit(contact, title="CEO")
    work()
    time_passes(700)
    pull(connection, is_full=True)
    work()

    item = QuarantinedItem.objects.get(connection=connection, external_id="")
    assert (item.local_id, "too long" in item.message) == (contact.pk, True)
    assert mirror.makes() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shape", [Shape(), UNSEARCHABLE], indirect=True)
def test_record_of_a_thing_with_too_long_an_id_is_made_again_once_a_person_had_put_it_away(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    contact = made_under_too_long_an_id(mirror, desk)
    desk.archive(contact)
    time_passes(700)
    work()
    assert WriteIntent.objects.get().outcome == "refused"

    for thing in mirror.live("people"):
        mirror.remove("people", thing.id)
    mirror.tables.numbers = 100
    desk.restore(contact)
    work()

    assert mirror.makes() == 2
    assert SyncRecord.objects.get().local_id == contact.pk
    assert not QuarantinedItem.objects.filter(external_id="").exists()


def made_under_too_long_an_id(mirror: MirrorVendor, desk: Desk) -> Contact:
    """At a vendor that would make the same again."""
    mirror.rules.is_unique = mirror.rules.is_idempotent = False
    mirror.tables.numbers = 10**300
    contact: Contact = desk.make("contact", email="ada@acme.test")
    work()
    assert mirror.makes() == 1
    return contact


@pytest.mark.django_db(transaction=True)
def test_event_that_names_too_long_an_id_too_sets_it_aside_and_brings_the_rest(
    connection: Connection, mirror: MirrorVendor
) -> None:
    ada = mirror.add("people", email="ada@acme.test")
    long = "x" * 300
    hints = [Hint("people", long), Hint("people", ada, former_ids=("y" * 300,))]

    assert hints_take(connection, hints, received_at=database_now()) == 3
    work()

    assert [one.email for one in Contact.objects.all()] == ["ada@acme.test"]
    item = QuarantinedItem.objects.get(connection=connection)
    assert (item.external_id[:200], "too long" in item.message) == (long[:200], True)
    assert_well(connection)

    gone = [Hint("people", long, is_deleted=True)]
    assert hints_take(connection, gone, received_at=database_now()) == 1
    assert not QuarantinedItem.objects.exists()


def assert_well(connection: Connection) -> None:
    assert not connection.sync_states.exclude(last_error="").exists()
    assert not SyncJob.objects.filter(state=JobState.DEAD).exists()
