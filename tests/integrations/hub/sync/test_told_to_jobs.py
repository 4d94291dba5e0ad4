"""A job of a vendor that cannot be asked knows all that lists and events have told since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Now

from crm.models import Contact, User
from integrations.hub import jobs
from integrations.hub.conflicts import conflict_resolve
from integrations.hub.merge import Side
from integrations.hub.models import (
    ConflictState,
    Connection,
    FieldMapping,
    LinkState,
    SyncConflict,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import pulls
from integrations.hub.sync.holds import hold, hold_go_on, stream_start, stream_stop
from integrations.hub.sync.telling import told_take
from tests import factories
from tests.integrations.hub.mirror import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import (
    Desk,
    deliver,
    ours_of,
    pull,
    quiesce,
    streams_due,
    work,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True),
]


@pytest.fixture
def actor(connection: Connection) -> User:
    return factories.membership_make(connection.workspace).user


def ruled(connection: Connection, path: str, rule: str) -> None:
    rows = FieldMapping.objects.filter(connection=connection, object="people", path=path)
    rows.update(rule=rule)
    connection.sync_states.update(mapping_version=F("mapping_version") + 1)


def refused_edit(mirror: MirrorVendor, desk: Desk, contact: Contact) -> None:
    """Ours was typed, and stays unsent with no job that waits."""
    mirror.script.append(Trouble("write", status=422))
    desk.edit(contact, title="Ours")
    pump(0)


@pytest.fixture
def conflict(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> SyncConflict:
    """A person is to decide; both sides are at rest."""
    ruled(connection, "title", "manual")
    refused_edit(mirror, desk, contact)
    mirror.edit("people", person, title="Theirs")
    pull(connection, "people")
    work()
    return SyncConflict.objects.get(field="title", state=ConflictState.OPEN)


def titles(mirror: MirrorVendor, person: str, contact: Contact) -> tuple[str, str]:
    contact.refresh_from_db()
    return contact.title, mirror.value("people", person, "title")


def test_edit_of_another_field_leaves_an_open_conflict_as_it_is(
    conflict: SyncConflict, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    desk.edit(contact, first_name="Augusta")
    work()

    assert mirror.value("people", person, "first_name") == "Augusta"
    assert titles(mirror, person, contact) == ("Ours", "Theirs")
    conflict.refresh_from_db()
    assert conflict.state == ConflictState.OPEN


@pytest.mark.parametrize("winner", [Side.OURS, Side.THEIRS])
def test_decision_is_carried_out(
    conflict: SyncConflict,
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    actor: User,
    winner: Side,
) -> None:
    conflict_resolve(conflict, winner=winner, actor=actor)
    work()
    pull(connection, "people")
    work()

    won = winner.value.capitalize()
    assert titles(mirror, person, contact) == (won, won)
    conflict.refresh_from_db()
    assert (conflict.state, conflict.winner) == (ConflictState.RESOLVED, winner.value)
    assert SyncRecord.objects.get(external_id=person).theirs_pending == {}


def test_list_that_finds_an_edit_on_its_way_waits_for_a_person(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    ruled(connection, "title", "manual")
    mirror.edit("people", person, title="Theirs")
    desk.edit(contact, title="Ours")
    streams_due(connection, "people")
    pulls.turn(connection.pk)

    work()

    assert titles(mirror, person, contact) == ("Ours", "Theirs")
    assert SyncConflict.objects.get().state == ConflictState.OPEN


def test_first_meeting_waits_for_a_person(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    ruled(connection, "title", "manual")
    contact = desk.make("contact", last_name="Byron", email="ada@acme.test", title="Ours")
    SyncJob.objects.update(run_at=Now() + timedelta(seconds=3000))
    person = mirror.add("people", email="ada@acme.test", last_name="Byron", title="Theirs")
    pull(connection)

    desk.edit(contact, first_name="Augusta")
    work()

    assert titles(mirror, person, contact) == ("Ours", "Theirs")
    assert SyncConflict.objects.get(field="title").state == ConflictState.OPEN


def test_event_that_finds_an_unsent_edit_waits_for_a_person(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    ruled(connection, "title", "manual")
    refused_edit(mirror, desk, contact)
    mirror.edit("people", person, title="Theirs")
    told_take(connection, "people", RemoteRecord(person, {"title": "Theirs"}))
    SyncState.objects.update(next_run_at="2062-01-01T00:00:00Z")

    desk.edit(contact, first_name="Augusta")
    work()

    assert titles(mirror, person, contact) == ("Ours", "Theirs")
    assert SyncConflict.objects.get().state == ConflictState.OPEN


def test_value_that_wins_but_cannot_be_translated_stays_there(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    ruled(connection, "lifecycle", "theirs_wins")
    mirror.edit("people", person, status="vip")
    desk.edit(contact, lifecycle="sql")
    streams_due(connection, "people")
    pulls.turn(connection.pk)

    work()

    assert mirror.value("people", person, "status") == "vip"
    assert "lifecycle" in SyncRecord.objects.get(external_id=person).problems


def test_news_beside_a_decision_are_taken_though_its_write_is_refused(
    conflict: SyncConflict,
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    actor: User,
) -> None:
    mirror.edit("people", person, first_name="Augusta")
    conflict_resolve(conflict, winner=Side.OURS, actor=actor)
    streams_due(connection, "people")
    pulls.turn(connection.pk)
    mirror.always = lambda kind, body: Trouble(status=422 if kind == "write" else 0)

    work()

    assert ours_of(connection, "people", person).first_name == "Augusta"
    conflict.refresh_from_db()
    assert conflict.state == ConflictState.DECIDED


@pytest.mark.parametrize("rule", ["manual", "ours_wins", "theirs_wins"])
def test_value_that_is_told_while_ours_is_being_sent_is_compared_again(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    rule: str,
) -> None:
    ruled(connection, "title", rule)
    SyncState.objects.update(next_run_at="2062-01-01T00:00:00Z")

    def newer() -> None:
        mirror.edit("people", person, title="Newer")
        beside(lambda: told_take(connection, "people", RemoteRecord(person, {"title": "Newer"})))

    mirror.script.append(Trouble("write", after=newer))
    desk.edit(contact, title="Ours")
    work()

    ours, theirs = titles(mirror, person, contact)
    waits = SyncConflict.objects.filter(state=ConflictState.OPEN).exists()
    assert (ours == theirs) is not waits
    assert waits is (rule == "manual")


def beside(act: Callable[[], object]) -> None:
    """By another worker, with a connection of its own."""

    def done() -> None:
        try:
            act()
        finally:
            database.close()

    worker = Thread(target=done)
    worker.start()
    worker.join()


@pytest.mark.parametrize("touched", ["held", "after"])
def test_deletion_that_waits_for_a_person_is_not_forgotten_by_a_job(
    connection: Connection, mirror: MirrorVendor, actor: User, touched: str
) -> None:
    mirror.rules.lists_deleted = False
    ids = [mirror.add("people", email=f"p{n}@acme.test", last_name="P") for n in range(30)]
    quiesce(connection, mirror)
    for one in ids[:21]:
        mirror.remove("people", one)
    deliver(connection, mirror.events_take())
    work()
    gone = SyncRecord.objects.filter(gone_at__isnull=False).first()
    assert gone is not None
    states = SyncState.objects.select_related("connection__workspace")
    state = states.exclude(hold_reason="").get()
    if touched == "held":
        jobs.dirty(connection.pk, "contact", [gone.local_id])
        work()

    hold_go_on(state, actor=actor)
    if touched == "after":
        jobs.dirty(connection.pk, "contact", [gone.local_id])
    work()

    gone.refresh_from_db()
    assert gone.state == LinkState.TOMBSTONE


@pytest.mark.parametrize("how", ["held", "off"])
def test_deletion_that_is_told_while_the_stream_is_out_of_service_is_known_after_it(
    connection: Connection, mirror: MirrorVendor, person: str, actor: User, how: str
) -> None:
    mirror.rules.lists_deleted = False
    states = SyncState.objects.select_related("connection__workspace")
    state = states.get(object="people")
    hold(state, "Too many.") if how == "held" else stream_stop(state, actor=actor)
    mirror.remove("people", person)
    deliver(connection, mirror.events_take())
    work()

    state.refresh_from_db()
    hold_go_on(state, actor=actor) if how == "held" else stream_start(state, actor=actor)
    work()

    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE
