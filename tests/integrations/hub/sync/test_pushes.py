"""Pushes end to end: changed records, new ones, lost answers; each lands once."""

from __future__ import annotations

import pytest
from django.db.models import F

from crm.models import Contact, User
from integrations.hub.models import (
    Connection,
    FieldMapping,
    IntentOutcome,
    JobState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    SyncState,
    WriteIntent,
)
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_tables import trimmed
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import (
    Desk,
    deliver,
    link_of,
    ours_versions,
    pull,
    quiesce,
    time_passes,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)

EVERY_TEMPER = [
    Shape(has_markers=markers, is_guarded=guarded)
    for markers in (True, False)
    for guarded in (True, False)
]


@pytest.mark.parametrize("shape", EVERY_TEMPER, indirect=True)
def test_edit_of_ours_is_sent_once_and_its_echo_writes_nothing(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    desk.edit(contact, title="CEO")
    work()
    assert mirror.value("people", person, "title") == "CEO"
    assert len(mirror.writes()) == 1
    [(_, write, _)] = mirror.writes()
    assert set(write["values"]) - {"nexa_id", "nexa_rev"} == {"title"}
    before = ours_versions(connection)

    deliver(connection, mirror.events_take())
    pull(connection)
    work()

    assert len(mirror.writes()) == 1
    assert ours_versions(connection) == before
    hub_check(connection, mirror, desk)


def test_stored_row_into_a_colleagues_account_sends_nothing_and_empties_nothing(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    admin: User,
    desk: Desk,
) -> None:
    row = FieldMapping.objects.filter(connection=connection, object="people", path="last_name")
    row.update(path="owner.password", direction="push", is_enforced=True)
    SyncState.objects.update(mapping_version=F("mapping_version") + 1)
    external = FieldMapping.objects.get(path="owner.password").external
    held = mirror.value("people", person, external)

    desk.edit(contact, title="CEO", owner=admin)
    quiesce(connection, mirror)

    assert mirror.value("people", person, "title") == "CEO"
    assert mirror.value("people", person, external) == held != ""
    assert "pbkdf2" not in str(mirror.writes())
    assert "pbkdf2" not in str(link_of(connection, contact).base_ours)


def test_edits_of_many_records_travel_in_batches(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    for number in range(25):
        mirror.add("people", email=f"p{number}@x.test")
    pull(connection)
    mirror.forget_calls()
    for contact in Contact.objects.all():
        desk.edit(contact, title=f"Title {contact.pk}")

    work()

    assert len(mirror.writes()) == 25
    assert mirror.count("write") <= 5
    hub_check(connection, mirror, desk)


def test_new_record_is_made_there_once(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    account = desk.make("account", name="Acme", domain="acme.test")
    contact = desk.make("contact", email="ada@acme.test", first_name="Ada", account=account)

    work()
    deliver(connection, mirror.events_take())
    pull(connection)
    work()

    assert len(mirror.live("people")) == len(mirror.live("companies")) == 1
    [made] = mirror.live("people")
    assert made.values["company_id"] == mirror.live("companies")[0].id
    assert link_of(connection, contact).external_id == made.id
    assert Contact.objects.count() == 1
    hub_check(connection, mirror, desk)


def test_record_that_is_there_already_is_adopted_not_made(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    ada = mirror.add("people", email="ada@acme.test", first_name="Ada")
    contact = desk.make("contact", email="Ada@acme.test", last_name="Byron")

    work()

    assert mirror.makes() == 0
    assert link_of(connection, contact).external_id == ada
    contact.refresh_from_db()
    assert contact.first_name == "Ada"
    assert mirror.value("people", ada, "last_name") == "Byron"
    hub_check(connection, mirror, desk)


@pytest.mark.parametrize("shape", [Shape(can_find=False)], indirect=True)
def test_record_that_turns_out_to_exist_is_adopted(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    ada = mirror.add("people", email="ada@acme.test", first_name="Ada")
    contact = desk.make("contact", email="ada@acme.test", last_name="Byron")

    work()

    assert link_of(connection, contact).external_id == ada
    assert len(mirror.live("people")) == 1
    assert mirror.value("people", ada, "last_name") == "Byron"
    hub_check(connection, mirror, desk)


TROUBLES = [
    Trouble("write", is_lost=True),
    Trouble("write", is_reset=True),
    Trouble("write", status=503),
]


@pytest.mark.parametrize("shape", EVERY_TEMPER, indirect=True)
@pytest.mark.parametrize("trouble", TROUBLES, ids=("lost", "reset", "down"))
def test_make_in_doubt_ends_in_one_record(
    connection: Connection, mirror: MirrorVendor, desk: Desk, trouble: Trouble
) -> None:
    mirror.script = [trouble]
    contact = desk.make("contact", email="ada@acme.test", first_name="Ada")

    work()
    time_passes(120)
    work()

    assert len(mirror.live("people")) == 1
    assert mirror.makes() == 1
    assert link_of(connection, contact).external_id == mirror.live("people")[0].id
    assert not WriteIntent.objects.filter(outcome=IntentOutcome.UNKNOWN).exists()
    hub_check(connection, mirror, desk)


@pytest.mark.parametrize("shape", EVERY_TEMPER, indirect=True)
@pytest.mark.parametrize("trouble", TROUBLES, ids=("lost", "reset", "down"))
def test_write_in_doubt_is_neither_lost_nor_a_conflict(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    trouble: Trouble,
) -> None:
    mirror.script = [trouble]
    desk.edit(contact, title="CEO")
    work()
    desk.edit(contact, title="CTO")
    time_passes(120)

    work()
    quiesce(connection, mirror)

    assert mirror.value("people", person, "title") == "CTO"
    contact.refresh_from_db()
    assert contact.title == "CTO"
    assert not connection.conflicts.exists()
    hub_check(connection, mirror, desk)


def test_make_whose_answer_was_lost_is_followed_by_the_edit_made_meanwhile(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    mirror.script = [Trouble("write", is_lost=True)]
    contact = desk.make("contact", email="ada@acme.test", first_name="Ada")
    work()
    desk.edit(contact, first_name="Adele")
    time_passes(120)

    work()

    [made] = mirror.live("people")
    assert made.values["first_name"] == "Adele"
    contact.refresh_from_db()
    assert contact.first_name == "Adele"
    hub_check(connection, mirror, desk)


@pytest.mark.parametrize("shape", EVERY_TEMPER, indirect=True)
def test_vendor_that_spells_values_its_own_way_comes_to_rest(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mirror.rules.normalised = dict.fromkeys(("first_name", "title"), trimmed)
    desk.edit(contact, title="Head of Sales", first_name="ADA")

    quiesce(connection, mirror)

    assert len(mirror.writes()) == 1
    contact.refresh_from_db()
    assert (contact.title, contact.first_name) == ("Head of Sales", "ADA")
    assert mirror.value("people", person, "title") == "head of sales"


def test_field_the_vendor_ignores_is_told_and_not_sent_again(
    connection: Connection, mirror: MirrorVendor, contact: Contact, desk: Desk
) -> None:
    mirror.rules.ignored = {"title"}
    desk.edit(contact, title="CEO")

    quiesce(connection, mirror)

    assert len(mirror.writes()) == 1
    assert list(link_of(connection, contact).problems) == ["title"]
    contact.refresh_from_db()
    assert contact.title == "CEO"


def test_refused_record_is_dead_at_once_others_go_and_a_fix_closes_it(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test") for number in range(20)]
    pull(connection)
    mirror.tables.refuses = lambda object, values: (
        "bad title" if "bad" in str(values.get("title")) else ""
    )
    contacts = list(Contact.objects.order_by("pk"))
    for number, contact in enumerate(contacts):
        desk.edit(contact, title="bad" if number == 7 else f"good {number}")

    work()

    dead = SyncJob.objects.get(connection=connection, state=JobState.DEAD)
    assert dead.record_id == contacts[7].pk
    assert dead.last_error_code == "invalid"
    assert [bool(mirror.value("people", id, "title")) for id in ids].count(True) == 19
    tries = mirror.count("write")
    time_passes(600)
    work()
    assert mirror.count("write") == tries

    desk.edit(contacts[7], title="good at last")
    work()

    assert not SyncJob.objects.filter(connection=connection, state=JobState.DEAD).exists()
    hub_check(connection, mirror, desk)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_of_the_whole_call_is_outlived(
    connection: Connection, mirror: MirrorVendor, contact: Contact, desk: Desk, status: int
) -> None:
    mirror.script = [Trouble("write", status=status)]
    desk.edit(contact, title="CEO")

    work()
    time_passes(3600)
    work()

    assert len(mirror.writes()) == 1
    hub_check(connection, mirror, desk)


def test_refused_credentials_stop_everything_and_burn_nothing(
    connection: Connection, mirror: MirrorVendor, contact: Contact, desk: Desk
) -> None:
    mirror.key = "another"
    desk.edit(contact, title="CEO")

    work()

    connection.refresh_from_db()
    assert connection.state == "auth_failed"
    job = SyncJob.objects.get(connection=connection)
    assert (job.state, job.attempts) == (JobState.READY, 0)


def test_push_only_stream_sends_and_takes_nothing_over(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    SyncState.objects.filter(connection=connection).update(direction="push")
    mirror.edit("people", person, last_name="King")
    mirror.add("people", email="stranger@x.test")
    desk.edit(contact, title="CEO")

    work()
    pull(connection)

    contact.refresh_from_db()
    assert (contact.last_name, mirror.value("people", person, "title")) == ("Byron", "CEO")
    assert Contact.objects.count() == 1


def test_record_without_what_the_vendor_needs_is_set_aside(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    mirror.tables.refuses = lambda object, values: (
        "" if "email" in values or values.get("first_name") is None else "an e-mail is needed"
    )
    contact = desk.make("contact", first_name="Ada")

    work()

    item = QuarantinedItem.objects.get(connection=connection)
    assert (item.local_id, item.code) == (contact.pk, "invalid")
    desk.edit(contact, email="ada@acme.test")
    work()
    assert not QuarantinedItem.objects.exists()
    assert SyncRecord.objects.get(local_id=contact.pk).external_id
    hub_check(connection, mirror, desk)
