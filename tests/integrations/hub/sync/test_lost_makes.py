"""A make whose answer was lost is found at the vendor, however its fields are mapped by then."""

from __future__ import annotations

import pytest

from crm.models import Contact
from integrations.hub.mapping.edits import field_create, field_delete, field_update
from integrations.hub.models import Connection, FieldMapping, LinkState, SyncRecord, WriteIntent
from integrations.hub.pump import pump
from integrations.hub.streams import ExternalField
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk, pull, quiesce, time_passes, work

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("shape", [Shape(has_markers=False)], indirect=True),
]

EMAIL = "ada@acme.test"
FIELDS = [ExternalField(name, name) for name in ("email", "last_name", "title")]


@pytest.fixture
def lost(connection: Connection, mirror: MirrorVendor, desk: Desk) -> Contact:
    """Made at a vendor that takes the same twice and knows no key; the answer did not come."""
    mirror.rules.is_unique = mirror.rules.is_idempotent = False
    pull(connection)
    contact: Contact = desk.make("contact", email=EMAIL, first_name="Ada", title="Countess")
    mirror.script = [Trouble("write", is_lost=True)]
    pump(0)
    assert (mirror.makes(), WriteIntent.objects.get().outcome) == (1, "unknown")
    return contact


def row_of(connection: Connection, path: str) -> FieldMapping:
    return FieldMapping.objects.get(connection=connection, object="people", path=path)


def key_row_is_made_anew(connection: Connection) -> None:
    row = row_of(connection, "email")
    stream = connection.declaration.stream("people")
    assert stream is not None
    field_delete(row, actor=None)
    values = {"path": "email", "external": "email", "transform": row.transform}
    field_create(connection, stream, values=values, actor=None, fields=FIELDS)


def key_row_is_given_another_field(connection: Connection) -> None:
    field_delete(row_of(connection, "last_name"), actor=None)
    row = row_of(connection, "email")
    field_update(row, values={"external": "last_name"}, actor=None, fields=FIELDS)


EDITS = pytest.mark.parametrize(
    "edit", [key_row_is_made_anew, key_row_is_given_another_field], ids=["anew", "another"]
)


@EDITS
def test_make_in_doubt_is_found_though_its_key_is_mapped_otherwise_by_now(
    connection: Connection, mirror: MirrorVendor, lost: Contact, edit: object
) -> None:
    assert callable(edit)
    edit(connection)

    time_passes(60)
    work()
    quiesce(connection, mirror)

    assert mirror.makes() == 1
    assert SyncRecord.objects.get().local_id == lost.pk
    assert WriteIntent.objects.get(kind="make").outcome == "applied"


@EDITS
def test_abandoned_make_is_found_though_its_key_is_mapped_otherwise_by_now(
    connection: Connection, mirror: MirrorVendor, lost: Contact, desk: Desk, edit: object
) -> None:
    assert callable(edit)
    edit(connection)
    desk.archive(lost)

    time_passes(700)
    work()

    link = SyncRecord.objects.get()
    assert (link.local_id, link.state) == (lost.pk, LinkState.TOMBSTONE)
    assert WriteIntent.objects.get(kind="make").outcome == "applied"


def test_thing_of_somebody_else_is_not_taken_for_an_abandoned_make(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    connection.sync_states.update(on_our_delete="delete")
    pull(connection)
    contact = desk.make("contact", email=EMAIL, title="Countess")
    mirror.script = [Trouble("write", is_reset=True)]
    pump(0)
    person = mirror.add("people", email=EMAIL, title="Duchess", status="new")
    field_delete(row_of(connection, "title"), actor=None)
    desk.archive(contact)

    time_passes(60)
    work()

    assert [one.id for one in mirror.live("people")] == [person]
    assert not SyncRecord.objects.filter(local_id=contact.pk).exists()
