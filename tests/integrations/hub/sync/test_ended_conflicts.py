"""Conflicts whose link ended before anybody decided: closed, kept, asked again when it is back."""

from __future__ import annotations

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from crm.models import Contact
from integrations.hub.conflicts import conflict_resolve, conflicts_of, open_count
from integrations.hub.errors import Conflict
from integrations.hub.merge import Side
from integrations.hub.models import (
    ConflictState,
    Connection,
    FieldMapping,
    LinkState,
    SyncConflict,
    SyncRecord,
)
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync.heirs import tombstone_replaced
from integrations.hub.sync.links import links_of, merged_follow, tombstone
from integrations.hub.sync.scene import scene_of
from tests import factories
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, link_of, pull, quiesce, time_passes, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def conflict(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> SyncConflict:
    """One that waits for a person, of a title that both sides changed."""
    FieldMapping.objects.filter(connection=connection, path="title").update(rule="manual")
    connection.sync_states.update(mapping_version=F("mapping_version") + 1)
    mirror.edit("people", person, title="Theirs")
    desk.edit(contact, title="Ours")
    quiesce(connection, mirror)
    return SyncConflict.objects.get(connection=connection, state=ConflictState.OPEN)


def there_and_back(connection: Connection, mirror: MirrorVendor, person: str, **back: str) -> None:
    """Deleted at the vendor, and restored there some minutes later."""
    there_gone(connection, mirror, person)
    time_passes(600)
    mirror.restore("people", person)
    if back:
        mirror.edit("people", person, **back)
    quiesce(connection, mirror)


def there_gone(connection: Connection, mirror: MirrorVendor, person: str) -> None:
    """Deleted at the vendor, and unlinked; what we changed would have it made again."""
    link = SyncRecord.objects.filter(external_id=person)
    base = link.get().base_ours
    link.update(base_ours={})
    mirror.remove("people", person)
    pull(connection)
    work()
    assert link.get().state == LinkState.TOMBSTONE
    link.update(base_ours=base)


@pytest.mark.parametrize("is_decided", [False, True])
def test_conflict_is_closed_with_its_link_and_keeps_both_values(
    connection: Connection,
    mirror: MirrorVendor,
    conflict: SyncConflict,
    person: str,
    is_decided: bool,
) -> None:
    if is_decided:
        SyncConflict.objects.update(state=ConflictState.DECIDED, winner="ours")

    there_gone(connection, mirror, person)

    conflict.refresh_from_db()
    assert (conflict.state, conflict.winner) == (ConflictState.LEFT, "")
    assert (conflict.ours, conflict.theirs) == ("Ours", "Theirs")
    assert conflict.state == ConflictState.LEFT
    assert open_count(connection.workspace) == 0
    with pytest.raises(Conflict, match="not linked any more"):
        conflict_resolve(conflict, winner=Side.OURS, actor=factories.user_make())


def test_conflict_of_a_record_that_was_archived_here_is_open_again_once_it_is_restored(
    connection: Connection,
    mirror: MirrorVendor,
    conflict: SyncConflict,
    contact: Contact,
    desk: Desk,
) -> None:
    desk.archive(contact)
    work()
    conflict.refresh_from_db()
    assert conflict.state == ConflictState.LEFT

    desk.restore(contact)
    quiesce(connection, mirror)

    assert [one.pk for one in conflicts_of(connection.workspace)] == [conflict.pk]
    assert open_count(connection.workspace) == 1


@pytest.mark.parametrize(("theirs", "is_open"), [("Theirs", True), ("Ours", False)])
def test_conflict_is_open_again_with_its_link_if_both_still_differ(
    connection: Connection,
    mirror: MirrorVendor,
    conflict: SyncConflict,
    person: str,
    theirs: str,
    is_open: bool,
) -> None:
    there_and_back(connection, mirror, person, title=theirs)

    assert SyncRecord.objects.get(external_id=person).state == LinkState.ACTIVE
    conflict.refresh_from_db()
    assert (conflict.state == ConflictState.OPEN) == is_open
    assert conflict.state != ConflictState.LEFT
    assert open_count(connection.workspace) == int(is_open)


def test_console_says_that_nobody_has_decided(
    connection: Connection,
    mirror: MirrorVendor,
    person: str,
    conflict: SyncConflict,
    operator_client: Client,
) -> None:
    there_gone(connection, mirror, person)

    page = operator_client.get(reverse("admin:hub_syncconflict_changelist")).content.decode()
    one = reverse("admin:hub_syncconflict_change", args=[conflict.pk])

    assert "Left undecided" in page
    shown = operator_client.get(one).content.decode()
    assert "Left undecided" in shown
    assert "(&#x27;" not in shown


@pytest.mark.parametrize("is_same", [True, False])
def test_heir_of_a_link_asks_again_about_the_same_record_only(
    connection: Connection,
    person: str,
    contact: Contact,
    conflict: SyncConflict,
    desk: Desk,
    is_same: bool,
) -> None:
    old = conflict.link
    tombstone(old, "Gone at the vendor.")
    other = desk.make("contact", email="bob@acme.test", last_name="Bob")
    local_id = contact.pk if is_same else other.pk

    tombstone_replaced(
        SyncRecord.objects.get(pk=old.pk),
        lambda: SyncRecord.objects.create(
            connection=connection,
            object="people",
            record_type="contact",
            local_id=local_id,
            external_id=person,
        ),
    )

    conflict.refresh_from_db()
    assert conflict.link.local_id == local_id
    assert conflict.state == (ConflictState.OPEN if is_same else ConflictState.LEFT)


def heir_with_conflict(old: SyncConflict) -> SyncConflict:
    """The same record linked to another thing of theirs, with a conflict of the same field."""
    heir = SyncRecord.objects.create(
        connection=old.connection,
        object="people",
        record_type="contact",
        local_id=old.local_id,
        external_id="made-again",
    )
    old.pk, old.link = None, heir
    old.ours, old.theirs, old.state = "Ours", "Theirs, later", ConflictState.OPEN
    old.resolved_at = None
    old.save()
    return old


def test_heir_that_has_the_same_conflict_open_keeps_its_own(
    connection: Connection,
    mirror: MirrorVendor,
    conflict: SyncConflict,
    person: str,
    contact: Contact,
) -> None:
    """Deleted there and made again; then the deleted is restored and the new one merged into it."""
    tombstone(conflict.link, "Gone at the vendor.")
    left = SyncConflict.objects.get()
    later = heir_with_conflict(SyncConflict.objects.get())
    scene = scene_of(connection.sync_states.get(object="people"))
    survivor = RemoteRecord(id=person, values={}, former_ids=("made-again",))

    merged_follow(scene, [survivor], links_of(scene, [person, "made-again"]))

    assert link_of(connection, contact).external_id == person
    left.refresh_from_db()
    later.refresh_from_db()
    assert (left.state, later.state) == (ConflictState.LEFT, ConflictState.OPEN)
    assert left.link_id == later.link_id == link_of(connection, contact).pk


def test_heir_asks_once_about_a_field_that_was_left_twice(
    connection: Connection, conflict: SyncConflict, person: str
) -> None:
    tombstone(conflict.link, "Gone at the vendor.")
    left = SyncConflict.objects.get()
    newest = SyncConflict.objects.get()
    newest.pk = None
    newest.save()

    tombstone_replaced(
        SyncRecord.objects.get(pk=left.link_id),
        lambda: SyncRecord.objects.create(
            connection=connection,
            object="people",
            record_type="contact",
            local_id=left.local_id,
            external_id=person,
        ),
    )

    left.refresh_from_db()
    newest.refresh_from_db()
    assert (left.state, newest.state) == (ConflictState.LEFT, ConflictState.OPEN)
