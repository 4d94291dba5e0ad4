"""Two were merged there, and the survivor is somebody of ours whom nobody had linked yet."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from crm.models import Contact
from crm.services.contacts import contact_create, contact_update
from integrations.hub.models import (
    Connection,
    LinkState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.sync import pulls
from integrations.hub.sync.merging import MERGED
from tests import factories
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import quiesce, streams_due, work


@pytest.fixture
def bob(connection: Connection, contact: Contact) -> Contact:
    """Of ours, with no counterpart; no worker has come to him yet."""
    values = {"email": "bob@acme.test", "first_name": "Bob"}
    return contact_create(
        workspace=connection.workspace, values=values, origin=factories.TEST_ORIGIN
    )


def merged_into_bob(mirror: MirrorVendor, person: str) -> str:
    """The linked person is merged into one of theirs who is our Bob; the id that is left."""
    survivor = mirror.add("people", email="bob@acme.test", first_name="Bob")
    mirror.merge("people", survivor, person)
    return survivor


def links(connection: Connection) -> dict[int, str]:
    rows = SyncRecord.objects.filter(connection=connection).exclude(state=LinkState.TOMBSTONE)
    return dict(rows.values_list("local_id", "external_id"))


def is_rightly_linked(connection: Connection, mirror: MirrorVendor, bob: Contact) -> None:
    quiesce(connection, mirror)
    survivor, ada = mirror.live("people")[0].id, Contact.objects.get(email="ada@acme.test")
    assert links(connection) == {bob.pk: survivor}
    assert list(Contact.objects.filter(email="bob@acme.test")) == [bob]
    assert QuarantinedItem.objects.get(local_id=ada.pk).code == MERGED
    assert [one.values["email"] for one in mirror.live("people")] == ["bob@acme.test"]
    hub_check(connection, mirror)


def test_listed_survivor_of_a_merge_is_linked_with_whom_it_is(
    connection: Connection, mirror: MirrorVendor, person: str, bob: Contact
) -> None:
    merged_into_bob(mirror, person)

    streams_due(connection, "people")
    pulls.turn(connection.pk)

    is_rightly_linked(connection, mirror, bob)


def test_survivor_that_a_push_meets_is_linked_with_whom_it_is(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, bob: Contact
) -> None:
    """Bob waits, while the other is sent."""
    merged_into_bob(mirror, person)
    SyncJob.objects.filter(record_id=bob.pk).update(run_at=Now() + timedelta(seconds=30))
    contact_update(contact, values={"title": "CEO"}, origin=factories.TEST_ORIGIN)

    pump(0)

    is_rightly_linked(connection, mirror, bob)


@pytest.mark.parametrize("shape", [Shape(), Shape(has_markers=False)], indirect=True)
def test_merge_under_a_new_id_keeps_the_link_of_whom_it_is(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, bob: Contact
) -> None:
    quiesce(connection, mirror)
    (theirs,) = [one.id for one in mirror.live("people") if one.id != person]
    survivor = mirror.add("people", email="bob@acme.test", first_name="Bob")
    mirror.merge("people", survivor, person)
    mirror.merge("people", survivor, theirs)

    is_rightly_linked(connection, mirror, bob)


def test_survivor_that_is_known_by_another_address_is_not_made_again(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, bob: Contact
) -> None:
    contact_update(bob, values={"other_emails": ["robert@acme.test"]}, origin=factories.TEST_ORIGIN)
    survivor = mirror.add("people", email="robert@acme.test", first_name="Bob")
    mirror.merge("people", survivor, person)
    SyncJob.objects.filter(record_id=bob.pk).update(run_at=Now() + timedelta(seconds=30))
    contact_update(contact, values={"title": "CEO"}, origin=factories.TEST_ORIGIN)

    pump(0)
    quiesce(connection, mirror)

    assert links(connection) == {bob.pk: survivor}
    assert [one.id for one in mirror.live("people")] == [survivor]
    assert mirror.makes() == 0
    hub_check(connection, mirror)


@pytest.mark.parametrize("direction", ["both", "push"])
def test_job_that_meets_a_merge_under_a_new_id_first_keeps_both_as_they_are(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    bob: Contact,
    direction: str,
) -> None:
    quiesce(connection, mirror)
    (theirs,) = [one.id for one in mirror.live("people") if one.id != person]
    SyncState.objects.update(direction=direction, next_run_at="2062-01-01T00:00:00Z")
    survivor = mirror.add("people", email="bob@acme.test", first_name="Bob")
    mirror.merge("people", survivor, person)
    mirror.merge("people", survivor, theirs)

    contact_update(contact, values={"title": "CEO"}, origin=factories.TEST_ORIGIN)
    work()

    assert links(connection) == {bob.pk: survivor}
    contact.refresh_from_db()
    assert contact.email == "ada@acme.test"
