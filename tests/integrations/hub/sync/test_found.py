"""Sequences that the model checkers have found, by name: each was lost, doubled or wrong once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from crm.models import Contact
from integrations.hub.mapping.edits import field_create, field_delete, field_update
from integrations.hub.models import (
    Connection,
    FieldMapping,
    LinkState,
    QuarantinedItem,
    SyncConflict,
    SyncJob,
    SyncRecord,
    WriteIntent,
)
from integrations.hub.pump import pump
from integrations.hub.streams import ExternalField
from integrations.hub.sync.pages import page_apply
from integrations.hub.sync.remote import database_now, remote_read
from integrations.hub.sync.scene import scene_of
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_tables import trimmed
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk, link_of, pull, quiesce, time_passes, work

pytestmark = pytest.mark.django_db(transaction=True)


def mapping_set(connection: Connection, path: str, **values: object) -> None:
    FieldMapping.objects.filter(connection=connection, path=path).update(**values)
    connection.sync_states.update(mapping_version=F("mapping_version") + 1)


@pytest.mark.parametrize("shape", [Shape(has_markers=False)], indirect=True)
def test_doubt_about_a_conflict_stays_until_a_person_decides(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mapping_set(connection, "title", rule="manual")
    mirror.script = [Trouble("write", is_lost=True)]
    desk.edit(contact, title="Ours")
    pump(30)
    mirror.edit("people", person, title="Theirs")
    time_passes(60)
    work()
    assert SyncConflict.objects.get().is_in_doubt

    mirror.edit("people", person, title="Theirs anew")
    quiesce(connection, mirror)

    conflict = SyncConflict.objects.get()
    assert (conflict.theirs, conflict.is_in_doubt) == ("Theirs anew", True)


MARKERS = pytest.mark.parametrize("shape", [Shape(), Shape(has_markers=False)], indirect=True)


@MARKERS
@pytest.mark.parametrize("is_pull_first", [True, False])
def test_record_archived_while_it_was_being_made_does_not_come_back(
    connection: Connection, mirror: MirrorVendor, desk: Desk, is_pull_first: bool
) -> None:
    pull(connection)
    contact = desk.make("contact", email="ada@acme.test", first_name="Ada")
    mirror.script = [Trouble("write", is_lost=True)]
    pump(30)
    desk.archive(contact)

    if is_pull_first:
        pull(connection)
    work()
    quiesce(connection, mirror)

    assert [one.pk for one in Contact.objects.all()] == [contact.pk]
    assert SyncRecord.objects.get().state == LinkState.TOMBSTONE
    assert not WriteIntent.objects.filter(outcome="unknown").exists()


@MARKERS
def test_make_that_never_arrived_is_over_once_its_record_is_archived(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    pull(connection)
    contact = desk.make("contact", email="ada@acme.test", first_name="Ada")
    mirror.script = [Trouble("write", is_reset=True)]
    pump(30)
    desk.archive(contact)
    work()
    assert WriteIntent.objects.get().outcome == "unknown"

    time_passes(700)
    work()

    assert WriteIntent.objects.get().outcome == "refused"
    assert mirror.live("people") == []
    assert not SyncJob.objects.filter(state__in=("ready", "dead")).exists()


def test_make_in_doubt_that_no_job_is_about_is_looked_for_by_the_next_listing(
    connection: Connection, mirror: MirrorVendor, contact: Contact
) -> None:
    WriteIntent.objects.create(
        connection=connection,
        kind="make",
        key="make:overtaken",
        record_type="contact",
        record_id=contact.pk,
        body={"object": "people", "fields": {}, "values": {}},
    )
    time_passes(700)

    pull(connection, is_full=True)
    work()

    assert WriteIntent.objects.get().outcome == "applied"
    assert mirror.writes() == []


def test_lost_value_is_still_told_when_its_link_gives_way_to_a_merge(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    other = mirror.add("people", email="bob@acme.test", first_name="Bob")
    pull(connection)
    desk.edit(contact, title="Ours")
    mirror.edit("people", person, title="Theirs")
    quiesce(connection, mirror)
    desk.archive(contact)
    work()

    mirror.merge("people", person, other)
    quiesce(connection, mirror)

    assert SyncRecord.objects.get().external_id == person
    told = SyncConflict.objects.get(field="title")
    assert {told.ours, told.theirs} == {"Ours", "Theirs"}
    assert (told.local_id, told.link.external_id) == (contact.pk, person)


def test_lost_value_is_still_told_when_its_thing_is_linked_to_another_record(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    desk.edit(contact, title="Ours")
    mirror.edit("people", person, title="Theirs")
    quiesce(connection, mirror)
    desk.archive(contact)
    work()

    twin = desk.make("contact", email="ada@acme.test", last_name="Lovelace")
    quiesce(connection, mirror)

    assert link_of(connection, twin).external_id == person
    assert SyncConflict.objects.filter(field="title", local_id=contact.pk).exists()


@MARKERS
@pytest.mark.parametrize("is_new", [True, False])
def test_what_the_vendor_made_of_a_write_without_an_answer_is_no_change_of_theirs(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    desk: Desk,
    is_new: bool,
) -> None:
    mirror.rules.normalised = {"title": trimmed}
    mirror.script = [Trouble("write", is_lost=True)]
    if is_new:
        contact = desk.make("contact", email="bob@acme.test", title="Head of Sales")
    else:
        desk.edit(contact, title="Head of Sales")
    pump(30)

    desk.edit(contact, title="Chief of Sales")
    time_passes(60)
    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert contact.title == "Chief of Sales"
    thing = link_of(connection, contact).external_id
    assert mirror.value("people", thing, "title") == "chief of sales"
    assert not SyncConflict.objects.exists()


@pytest.mark.parametrize("shape", [Shape(has_markers=False)], indirect=True)
def test_stranger_waits_for_a_make_in_doubt_whose_job_could_not_run_for_long(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    pull(connection)
    contact = desk.make("contact", email="ada@acme.test", first_name="Ada")
    mirror.script = [Trouble("write", is_lost=True)]
    pump(30)
    desk.archive(contact)
    time_passes(700)
    SyncJob.objects.update(run_at=Now() + timedelta(minutes=1))

    pull(connection)
    time_passes(70)
    quiesce(connection, mirror)

    assert [one.pk for one in Contact.objects.all()] == [contact.pk]


@pytest.mark.parametrize("is_linked", [True, False])
def test_push_of_a_record_whose_thing_was_merged_away_takes_nothing_of_the_survivor(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    is_linked: bool,
) -> None:
    survivor = mirror.add("people", email="bob@acme.test", first_name="Bob")
    if is_linked:
        pull(connection)
    mirror.merge("people", survivor, person)
    desk.edit(contact, title="Countess")

    pump(0)
    work()
    quiesce(connection, mirror)

    contact.refresh_from_db()
    link = SyncRecord.objects.get(local_id=contact.pk)
    if is_linked:
        assert (contact.email, contact.first_name) == ("ada@acme.test", "Ada")
        assert link.state == LinkState.TOMBSTONE
        assert QuarantinedItem.objects.get().local_id == contact.pk
    else:
        assert (link.state, link.external_id) == (LinkState.ACTIVE, survivor)
        assert mirror.value("people", survivor, "title") == "Countess"


def test_make_in_doubt_of_a_record_that_stays_apart_is_over_in_time(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mirror.remove("people", person)
    pull(connection)
    WriteIntent.objects.create(
        connection=connection,
        kind="make",
        key="make:overtaken",
        record_type="contact",
        record_id=contact.pk,
        body={"object": "people", "fields": {}, "values": {}},
    )
    time_passes(700)

    pull(connection, is_full=True)
    desk.edit(contact, title="Countess")
    work()

    assert WriteIntent.objects.get().outcome == "refused"
    assert mirror.live("people") == []


def test_conflict_is_told_once_however_often_its_write_is_tried(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mapping_set(connection, "title", rule="ours_wins")
    mirror.edit("people", person, title="Theirs")
    desk.edit(contact, title="Ours")
    mirror.script = [Trouble("write", status=500), Trouble("write", status=500)]

    for _ in range(3):
        work()
    quiesce(connection, mirror)

    assert mirror.value("people", person, "title") == "Ours"
    assert SyncConflict.objects.count() == 1


@pytest.mark.parametrize("way", ["pull", "push"])
def test_what_was_typed_on_the_side_that_does_not_count_is_told_when_it_is_overwritten(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    way: str,
) -> None:
    mapping_set(connection, "title", direction=way)
    mirror.edit("people", person, title="Theirs")
    desk.edit(contact, title="Ours")

    quiesce(connection, mirror)

    contact.refresh_from_db()
    expected = "Theirs" if way == "pull" else "Ours"
    assert (contact.title, mirror.value("people", person, "title")) == (expected, expected)
    told = SyncConflict.objects.get()
    assert (told.ours, told.theirs, told.state) == ("Ours", "Theirs", "settled")


@pytest.mark.parametrize("is_new_row", [True, False])
def test_field_that_is_mapped_to_another_of_theirs_is_not_emptied_by_it(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    is_new_row: bool,
) -> None:
    desk.edit(contact, title="Countess")
    quiesce(connection, mirror)
    row = FieldMapping.objects.get(connection=connection, path="title")
    field_delete(FieldMapping.objects.get(connection=connection, path="last_name"), actor=None)
    fields = [ExternalField(name, name) for name in ("title", "last_name")]
    mirror.edit("people", person, last_name="")
    if is_new_row:
        field_delete(row, actor=None)
        stream = connection.declaration.stream("people")
        assert stream is not None
        values = {"path": "title", "external": "last_name"}
        field_create(connection, stream, values=values, actor=None, fields=fields)
    else:
        field_update(row, values={"external": "last_name"}, actor=None, fields=fields)

    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert (contact.title, mirror.value("people", person, "last_name")) == ("Countess", "Countess")
    assert mirror.value("people", person, "title") == "Countess"


def test_worker_with_the_mapping_of_before_leaves_no_base_to_the_new_one(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    desk.edit(contact, title="Countess")
    quiesce(connection, mirror)
    state = connection.sync_states.select_related("connection__workspace").get(object="people")
    before = scene_of(state)
    records = remote_read(before, [person])
    field_delete(FieldMapping.objects.get(connection=connection, path="last_name"), actor=None)
    mirror.edit("people", person, last_name="")
    row = FieldMapping.objects.get(connection=connection, path="title")
    fields = [ExternalField(name, name) for name in ("title", "last_name")]
    field_update(row, values={"external": "last_name"}, actor=None, fields=fields)

    page_apply(before, list(records.values()), read_at=database_now())
    assert link_of(connection, contact).base_theirs["title"] == "Countess"
    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert (contact.title, mirror.value("people", person, "last_name")) == ("Countess", "Countess")


def test_write_on_its_way_when_its_field_is_mapped_to_another_empties_nothing(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    quiesce(connection, mirror)
    field_delete(FieldMapping.objects.get(connection=connection, path="last_name"), actor=None)
    mirror.edit("people", person, last_name="")
    desk.edit(contact, title="Countess")
    mirror.script = [Trouble("write", is_lost=True)]
    pump(0)
    row = FieldMapping.objects.get(connection=connection, path="title")
    fields = [ExternalField(name, name) for name in ("title", "last_name")]
    field_update(row, values={"external": "last_name"}, actor=None, fields=fields)

    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert (contact.title, mirror.value("people", person, "last_name")) == ("Countess", "Countess")


def test_what_nobody_here_has_seen_is_not_deleted_there(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    connection.sync_states.update(on_our_delete="delete")
    pull(connection)
    person = mirror.add("people", email="ada@acme.test", title="Theirs")
    contact = desk.make("contact", email="ada@acme.test")
    mirror.script = [Trouble("read", status=500)]
    pump(0)
    assert link_of(connection, contact).base_theirs == {}

    desk.archive(contact)
    time_passes(60)
    work()

    assert [one.id for one in mirror.live("people")] == [person]
    assert QuarantinedItem.objects.get().code == "deleted_here"
