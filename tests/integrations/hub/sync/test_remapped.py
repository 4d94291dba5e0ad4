"""Fields that are mapped to others of theirs, while links, writes and workers know the first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.models import Contact
from integrations.hub.mapping.edits import defaults_ensure, field_create, field_delete, field_update
from integrations.hub.models import Connection, FieldMapping, SyncConflict, SyncRecord, SyncState
from integrations.hub.pump import pump
from integrations.hub.streams import ExternalField
from integrations.hub.sync.pages import page_apply
from integrations.hub.sync.pushing import push_batch
from integrations.hub.sync.remote import database_now, remote_read
from integrations.hub.sync.scene import Scene, scene_of
from tests.integrations.hub.direct import direct_to
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk, link_of, quiesce

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = [ExternalField(name, name) for name in ("title", "last_name")]


@pytest.fixture
def agreed(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> Contact:
    """Both sides have agreed on the title; nobody keeps their last name in step, which is blank."""
    desk.edit(contact, title="Countess")
    field_delete(row_of(connection, "last_name"), actor=None)
    mirror.edit("people", person, last_name="")
    quiesce(connection, mirror)
    return contact


def row_of(connection: Connection, path: str = "title", **more: object) -> FieldMapping:
    return FieldMapping.objects.get(connection=connection, object="people", path=path, **more)


def row_edit(row: FieldMapping, **values: object) -> None:
    field_update(row, values=values, actor=None, fields=FIELDS)


def row_add(connection: Connection, **values: object) -> FieldMapping:
    stream = connection.declaration.stream("people")
    assert stream is not None
    values = {"path": "title", **values}
    return field_create(connection, stream, values=values, actor=None, fields=FIELDS)


def scene_now(connection: Connection) -> Scene:
    states = SyncState.objects.select_related("connection__workspace")
    return scene_of(states.get(connection=connection, object="people"))


def synced_for_another_reason(
    connection: Connection, mirror: MirrorVendor, contact: Contact, desk: Desk
) -> None:
    desk.edit(contact, phone="+4930654321")
    quiesce(connection, mirror)
    link = link_of(connection, contact)
    assert link.mapping_version == scene_now(connection).mapper.version


def assert_both_hold_the_title(mirror: MirrorVendor, contact: Contact, person: str) -> None:
    contact.refresh_from_db()
    assert (contact.title, mirror.value("people", person, "last_name")) == ("Countess", "Countess")
    assert mirror.value("people", person, "title") == "Countess"


def test_default_rows_that_come_again_know_nothing_of_the_field_that_was_there_before(
    connection: Connection, mirror: MirrorVendor, agreed: Contact, person: str, desk: Desk
) -> None:
    """Theirs by default is the title: after a while with their last name it is met anew."""
    row_edit(row_of(connection), external="last_name")
    quiesce(connection, mirror)
    mirror.edit("people", person, title="")
    for row in FieldMapping.objects.filter(connection=connection, object="people"):
        field_delete(row, actor=None)
    stream = connection.declaration.stream("people")
    assert stream is not None

    defaults_ensure(connection, stream)
    quiesce(connection, mirror)

    agreed.refresh_from_db()
    assert agreed.title == "Countess"


def test_row_that_is_given_another_field_while_it_is_off_empties_nothing(
    connection: Connection, mirror: MirrorVendor, agreed: Contact, person: str, desk: Desk
) -> None:
    row_edit(row_of(connection), external="last_name", is_enabled=False)
    synced_for_another_reason(connection, mirror, agreed, desk)
    assert "title" not in link_of(connection, agreed).base_theirs

    row_edit(row_of(connection), is_enabled=True)
    quiesce(connection, mirror)

    assert_both_hold_the_title(mirror, agreed, person)


def test_row_that_is_made_off_in_the_place_of_another_empties_nothing(
    connection: Connection, mirror: MirrorVendor, agreed: Contact, person: str, desk: Desk
) -> None:
    field_delete(row_of(connection), actor=None)
    row_add(connection, external="last_name", is_enabled=False)
    synced_for_another_reason(connection, mirror, agreed, desk)

    row_edit(row_of(connection), is_enabled=True)
    quiesce(connection, mirror)

    assert_both_hold_the_title(mirror, agreed, person)


@pytest.mark.parametrize("is_deleted", [True, False])
def test_row_that_waits_beside_another_has_nothing_of_what_that_one_agreed_on(
    connection: Connection,
    mirror: MirrorVendor,
    agreed: Contact,
    person: str,
    desk: Desk,
    is_deleted: bool,
) -> None:
    row_add(connection, external="last_name", is_enabled=False)
    synced_for_another_reason(connection, mirror, agreed, desk)
    assert link_of(connection, agreed).base_theirs["title"] == "Countess"
    first = row_of(connection, external="title")
    field_delete(first, actor=None) if is_deleted else row_edit(first, is_enabled=False)

    row_edit(row_of(connection, external="last_name"), is_enabled=True)
    quiesce(connection, mirror)

    assert_both_hold_the_title(mirror, agreed, person)


def test_row_that_was_only_off_goes_on_from_what_was_agreed_on(
    connection: Connection, mirror: MirrorVendor, agreed: Contact, person: str, desk: Desk
) -> None:
    row_edit(row_of(connection), is_enabled=False)
    desk.edit(agreed, title="Duchess")
    synced_for_another_reason(connection, mirror, agreed, desk)
    assert mirror.value("people", person, "title") == "Countess"

    row_edit(row_of(connection), is_enabled=True)
    quiesce(connection, mirror)

    assert mirror.value("people", person, "title") == "Duchess"


@pytest.mark.parametrize("rule", ["last_write", "field_priority"])
def test_row_that_comes_again_overwrites_nothing_there_though_ours_are_later(
    connection: Connection,
    mirror: MirrorVendor,
    agreed: Contact,
    person: str,
    desk: Desk,
    rule: str,
) -> None:
    field_delete(row_of(connection), actor=None)
    mirror.rules.offset = timedelta(minutes=-5)
    mirror.edit("people", person, title="Theirs")
    mirror.rules.offset = timedelta(0)
    desk.edit(agreed, title="Ours")

    row_add(connection, external="title", rule=rule)
    quiesce(connection, mirror)

    agreed.refresh_from_db()
    assert (agreed.title, mirror.value("people", person, "title")) == ("Theirs", "Theirs")
    conflict = SyncConflict.objects.get(connection=connection, field="title")
    assert (conflict.ours, conflict.theirs, conflict.winner) == ("Ours", "Theirs", "theirs")


def test_worker_with_the_mapping_of_before_takes_no_newer_base_for_its_own(
    connection: Connection, mirror: MirrorVendor, agreed: Contact, person: str
) -> None:
    before = scene_now(connection)
    row_edit(row_of(connection), external="last_name")
    quiesce(connection, mirror)
    mirror.edit("people", person, last_name="Duchess")
    quiesce(connection, mirror)
    records = remote_read(before, [person])

    page_apply(before, list(records.values()), read_at=database_now())

    agreed.refresh_from_db()
    assert agreed.title == "Duchess"
    quiesce(connection, mirror)
    agreed.refresh_from_db()
    assert agreed.title == mirror.value("people", person, "last_name") == "Duchess"
    assert mirror.value("people", person, "title") == "Countess"


def test_write_that_lands_after_its_pair_was_compared_by_a_newer_mapping_stays_intended(
    connection: Connection, mirror: MirrorVendor, agreed: Contact, person: str, desk: Desk
) -> None:
    newer: list[SyncRecord] = []

    def remapped() -> None:
        row_edit(row_of(connection), external="last_name")
        push_batch(connection, "contact", [agreed.pk])
        newer.append(link_of(connection, agreed))

    desk.edit(agreed, title="Duchess", first_name="Augusta")
    mirror.script = [Trouble("write", before=remapped)]
    with direct_to(mirror):
        pump(0)

    link = link_of(connection, agreed)
    assert newer[0].base_ours["title"] == "Duchess"
    assert (link.base_ours, link.base_theirs) == (newer[0].base_ours, newer[0].base_theirs)
    assert link.mapping_version == newer[0].mapping_version
    assert link.intents.filter(outcome="unknown").exists()

    quiesce(connection, mirror)

    assert not link.intents.filter(outcome="unknown").exists()
    agreed.refresh_from_db()
    assert (agreed.title, agreed.first_name) == ("Duchess", "Augusta")
    assert mirror.value("people", person, "last_name") == "Duchess"
    assert mirror.value("people", person, "first_name") == "Augusta"
