"""What follows from deletions there is done for each record by itself: one failure stops nobody."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Contact
from integrations.hub import jobs
from integrations.hub.models import (
    Connection,
    JobState,
    LinkState,
    QuarantinedItem,
    SyncDirection,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.sync.steering import by_operator, items_retry
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.refusing import rows_refused
from tests.integrations.hub.sync.world import Desk, deliver, ours_of, pull, time_passes, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gone(connection: Connection, mirror: MirrorVendor, person: str) -> str:
    """Two people were deleted there, whose contacts are to be archived; the second one's id."""
    other = mirror.add("people", email="bob@acme.test")
    pull(connection)
    SyncState.objects.filter(connection=connection).update(on_their_delete="archive")
    mirror.remove("people", person)
    mirror.remove("people", other)
    return other


def test_record_that_cannot_be_archived_is_kept_and_the_others_are_archived(
    connection: Connection, contact: Contact, person: str, gone: str
) -> None:
    other = ours_of(connection, "people", gone)

    with rows_refused("crm_contact", f"NEW.id = {contact.pk} AND NEW.archived_at IS NOT NULL"):
        pull(connection)

    assert_over(connection)
    assert list(Contact.objects.exclude(archived_at=None)) == [other]
    assert not SyncRecord.objects.exclude(state=LinkState.TOMBSTONE).exists()
    item = QuarantinedItem.objects.get(connection=connection)
    assert (item.external_id, item.code) == (person, "kept_here")
    assert "kept without a link" in item.message


def test_link_that_cannot_be_ended_stops_no_other_and_is_ended_later(
    connection: Connection, contact: Contact, person: str, gone: str
) -> None:
    other = ours_of(connection, "people", gone)

    with rows_refused("hub_syncrecord", f"NEW.local_id = {contact.pk} AND NEW.reason <> ''"):
        pull(connection)
        assert_over(connection)
        assert list(Contact.objects.exclude(archived_at=None)) == [other]
        item = QuarantinedItem.objects.get(connection=connection)
        assert (item.external_id, item.code) == (person, "gone_there")
    pull(connection)

    contact.refresh_from_db()
    assert contact.archived_at is not None
    assert not SyncRecord.objects.exclude(state=LinkState.TOMBSTONE).exists()
    assert not QuarantinedItem.objects.exists()


def test_what_was_kept_stays_in_the_list_until_a_person_has_seen_to_it(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, gone: str
) -> None:
    events = mirror.events_take()
    with rows_refused("crm_contact", f"NEW.id = {contact.pk} AND NEW.archived_at IS NOT NULL"):
        deliver(connection, events)
        work()

    again_and_again(connection, events)
    assert QuarantinedItem.objects.get().code == "kept_here"

    Desk(connection).archive(contact)
    again_and_again(connection, events)
    assert not QuarantinedItem.objects.exists()


def test_what_was_kept_leaves_the_list_when_ours_has_another_link(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, gone: str
) -> None:
    with rows_refused("crm_contact", f"NEW.id = {contact.pk} AND NEW.archived_at IS NOT NULL"):
        pull(connection)
    other = mirror.add("people", email=contact.email)
    pull(connection)
    assert ours_of(connection, "people", other) == contact

    items_retry(QuarantinedItem.objects.all(), origin=by_operator(None))
    work()

    assert not QuarantinedItem.objects.exists()


def test_stream_that_only_sends_ends_a_link_when_what_kept_it_from_that_is_over(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    """No run would do it again: the job of the record does."""
    SyncState.objects.filter(connection=connection).update(direction=SyncDirection.PUSH)
    mirror.remove("people", person)
    jobs.dirty(connection.pk, "contact", [contact.pk])
    work()
    time_passes(90)

    with rows_refused("hub_syncrecord", f"NEW.local_id = {contact.pk} AND NEW.reason <> ''"):
        work()
        assert QuarantinedItem.objects.get(connection=connection).code == "gone_there"
        assert SyncRecord.objects.get(local_id=contact.pk).state == LinkState.ACTIVE
    job = SyncJob.objects.get(connection=connection, record_id=contact.pk, record_type="contact")
    assert (job.state, job.last_error != "") == (JobState.READY, True)
    time_passes(90)
    work()

    assert not QuarantinedItem.objects.exists()
    assert SyncRecord.objects.filter(local_id=contact.pk, state=LinkState.TOMBSTONE).exists()


def test_link_that_could_not_be_ended_is_told_of_until_it_is(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, gone: str
) -> None:
    mirror.events_take()
    with rows_refused("hub_syncrecord", f"NEW.local_id = {contact.pk} AND NEW.reason <> ''"):
        pull(connection)
        items_retry(QuarantinedItem.objects.all(), origin=by_operator(None))
        pump(0)
        assert QuarantinedItem.objects.get().code == "gone_there"

    items_retry(QuarantinedItem.objects.all(), origin=by_operator(None))
    work()
    assert not QuarantinedItem.objects.exists()


def again_and_again(connection: Connection, events: list[dict[str, Any]]) -> None:
    """The vendor says it once more, and a person has it looked at."""
    deliver(connection, [event | {"id": f"{event['id']}-again"} for event in events])
    work()
    items_retry(QuarantinedItem.objects.all(), origin=by_operator(None))
    work()


def assert_over(connection: Connection) -> None:
    """The run went to its end, and the stream is well."""
    state = SyncState.objects.get(connection=connection, object="people")
    assert (state.run_cursor, state.last_error) == (None, "")
