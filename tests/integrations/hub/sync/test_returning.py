"""Things that were deleted at the vendor and restored there: linked again, and in step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from crm.models import Contact
from integrations.hub.models import (
    Connection,
    LinkState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.streams import Hint, RemoteRecord
from integrations.hub.sync.explaining import Verdict, explain
from integrations.hub.sync.hinting import inbound_add
from integrations.hub.sync.holds import hold
from integrations.hub.sync.inbound import hints_take
from integrations.hub.sync.reconciling import reconcile_now
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import (
    Desk,
    deliver,
    link_of,
    pull,
    quiesce,
    time_passes,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


def gone(
    connection: Connection, mirror: MirrorVendor, person: str, *, ago: int = 600, **policy: str
) -> None:
    """Deleted there, heard of here, and some minutes ago by now."""
    SyncState.objects.filter(connection=connection).update(**policy)
    mirror.remove("people", person)
    pull(connection)
    work()
    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE
    if ago:
        time_passes(ago)
    mirror.events_take()


@pytest.mark.parametrize("way", ["delta", "full", "hint"])
def test_thing_restored_there_is_linked_again_with_what_changed_meanwhile(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    way: str,
) -> None:
    gone(connection, mirror, person)
    desk.edit(contact, title="CEO")
    mirror.restore("people", person)
    mirror.edit("people", person, first_name="Augusta")

    if way == "hint":
        deliver(connection, mirror.events_take())
        work()
    else:
        pull(connection, is_full=way == "full")
    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert (contact.first_name, contact.title) == ("Augusta", "CEO")
    assert mirror.value("people", person, "title") == "CEO"
    assert Contact.objects.count() == 1
    hub_check(connection, mirror, desk)


def test_ours_that_we_archived_comes_back_and_what_a_person_archived_does_not(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    gone(connection, mirror, person, on_their_delete="archive")
    mirror.restore("people", person)
    pull(connection)
    contact.refresh_from_db()
    assert contact.archived_at is None
    assert link_of(connection, contact).state == LinkState.ACTIVE

    gone(connection, mirror, person)
    desk.restore(contact)
    desk.archive(contact)
    mirror.restore("people", person)
    pull(connection)
    contact.refresh_from_db()
    assert contact.archived_at is not None
    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE


def test_thing_restored_after_another_was_made_in_its_place_is_shown(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    desk.edit(contact, title="CEO")
    gone(connection, mirror, person, on_their_delete="recreate")
    work()
    mirror.rules.is_unique = False
    mirror.restore("people", person)

    pull(connection)

    assert QuarantinedItem.objects.get(external_id=person).code == "duplicate"
    assert SyncRecord.objects.get(state=LinkState.ACTIVE).external_id != person
    assert Contact.objects.count() == 1


def test_restored_thing_that_no_pull_has_told_makes_the_comparison_unequal(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    gone(connection, mirror, person)
    thing = mirror.get("people", person)
    thing.is_deleted = False
    state = SyncState.objects.get(connection=connection, object="people")

    found = reconcile_now(state, is_repair=True)

    assert found.details["counts"]["there_again"] == 1
    assert found.details["counts"]["missing_here"] == 0
    work()
    assert link_of(connection, contact).state == LinkState.ACTIVE
    state.refresh_from_db()
    assert reconcile_now(state).details["percent"] == 100


def test_record_says_what_brings_it_together_with_what_was_deleted_there(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    gone(connection, mirror, person)

    [told] = explain(contact)

    assert told.verdict == Verdict.EXCLUDED
    assert "Restore it at Mirror" in told.words


def test_repair_of_a_held_stream_says_that_nothing_is_mended(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone(connection, mirror, person)
    mirror.restore("people", person)
    hold(SyncState.objects.get(connection=connection, object="people"), "Look at this.")

    with pytest.raises(SystemExit):
        call_command("reconcile", "--connection", str(connection.pk), "--repair")

    assert "nothing was mended. Look at this." in capsys.readouterr().err


@pytest.mark.parametrize("policy", ["unlink", "archive"])
def test_listing_that_still_holds_what_is_gone_revives_nothing(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, policy: str
) -> None:
    gone(connection, mirror, person, on_their_delete=policy)
    contact.refresh_from_db()
    version = contact.version
    mirror.rules.lists_gone_as_alive = True

    pull(connection, is_full=True)
    work()

    contact.refresh_from_db()
    assert contact.version == version
    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE


@pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)
def test_listing_is_believed_where_the_vendor_cannot_be_asked(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    gone(connection, mirror, person)
    mirror.restore("people", person)

    pull(connection)

    assert link_of(connection, contact).state == LinkState.ACTIVE


@pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)
def test_late_event_of_what_is_gone_revives_nothing(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    gone(connection, mirror, person)
    now = datetime.now(UTC)
    old = RemoteRecord(person, {"email": "ada@acme.test"}, modified_at=now - timedelta(hours=1))
    news = RemoteRecord(person, {"email": "ada@acme.test"}, modified_at=now)
    link = SyncRecord.objects.filter(external_id=person)

    hints_take(connection, [Hint("people", person, record=old)], received_at=now)
    assert link.get().state == LinkState.TOMBSTONE
    hints_take(connection, [Hint("people", person, record=news)], received_at=now)
    assert link.get().state == LinkState.ACTIVE


@pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)
def test_late_event_is_told_apart_by_our_clock_where_the_vendors_is_ahead(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    ahead = mirror.rules.offset = timedelta(minutes=15)
    gone(connection, mirror, person)
    now = datetime.now(UTC)
    before = RemoteRecord(person, {}, modified_at=now - timedelta(minutes=12) + ahead)
    after = RemoteRecord(person, {}, modified_at=now - timedelta(minutes=5) + ahead)
    link = SyncRecord.objects.filter(external_id=person)

    hints_take(connection, [Hint("people", person, record=before)], received_at=now)
    assert link.get().state == LinkState.TOMBSTONE
    hints_take(connection, [Hint("people", person, record=after)], received_at=now)
    assert link.get().state == LinkState.ACTIVE


@pytest.mark.parametrize("way", ["delta", "full", "hint", "repair"])
def test_thing_restored_within_a_minute_is_linked_again_at_once(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, way: str
) -> None:
    gone(connection, mirror, person, ago=0)
    mirror.restore("people", person)

    if way == "hint":
        deliver(connection, mirror.events_take())
    elif way == "repair":
        state = SyncState.objects.get(connection=connection, object="people")
        reconcile_now(state, is_repair=True)
    else:
        pull(connection, is_full=way == "full")
    work()

    assert link_of(connection, contact).state == LinkState.ACTIVE


def test_thing_restored_at_once_under_its_old_time_is_looked_at_again(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    gone(connection, mirror, person, ago=0)
    mirror.get("people", person).is_deleted = False
    inbound_add(connection, "people", [person])
    work()
    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE

    time_passes(130)
    work()

    assert link_of(connection, contact).state == LinkState.ACTIVE


def test_event_does_not_wait_for_a_look_that_is_due_later(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    gone(connection, mirror, person, ago=0)
    mirror.rules.lists_gone_as_alive = True
    pull(connection, is_full=True)
    assert SyncJob.objects.filter(kind="inbound", state="ready", external_id=person).exists()
    mirror.restore("people", person)

    deliver(connection, mirror.events_take())
    work()

    assert link_of(connection, contact).state == LinkState.ACTIVE
