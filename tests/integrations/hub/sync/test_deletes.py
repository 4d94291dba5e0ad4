"""Deletes on either side, against changes on the other, under each policy."""

from __future__ import annotations

import pytest

from crm.models import Contact
from integrations.hub.models import Connection, LinkState, SyncJob, SyncRecord, SyncState
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import (
    Desk,
    deliver,
    ours_of,
    pull,
    quiesce,
    time_passes,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)

WAYS = ["delta", "full", "hint"]


def policy(connection: Connection, **values: str) -> None:
    SyncState.objects.filter(connection=connection).update(**values)


def told(connection: Connection, mirror: MirrorVendor, way: str) -> None:
    """How we hear that a record is gone; a doubt is looked into again later."""
    if way == "full":
        mirror.rules.lists_deleted = False
    if way == "hint":
        deliver(connection, mirror.events_take())
        work()
    for _ in range(3):
        pull(connection, is_full=way == "full")
        time_passes(120)
        work()


@pytest.mark.parametrize("way", WAYS)
def test_their_delete_unlinks_and_keeps_ours(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, way: str
) -> None:
    mirror.remove("people", person)

    told(connection, mirror, way)

    contact.refresh_from_db()
    assert contact.archived_at is None
    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE
    assert mirror.makes() == 0
    hub_check(connection, mirror)


def test_record_that_was_unlinked_is_not_made_again_by_a_later_edit(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mirror.remove("people", person)
    told(connection, mirror, "delta")

    desk.edit(contact, title="CEO")
    work()
    pull(connection, is_full=True)
    work()

    assert mirror.live("people") == []


def test_record_restored_here_is_linked_again(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    desk.archive(contact)
    work()
    desk.restore(contact)
    desk.edit(contact, title="CEO")

    work()
    quiesce(connection, mirror)

    assert [one.id for one in mirror.live("people")] == [person]
    assert mirror.value("people", person, "title") == "CEO"
    assert Contact.objects.count() == 1
    hub_check(connection, mirror, desk)


@pytest.mark.parametrize("way", WAYS)
def test_their_delete_archives_ours_where_that_is_chosen(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, way: str
) -> None:
    policy(connection, on_their_delete="archive")
    mirror.remove("people", person)

    told(connection, mirror, way)

    contact.refresh_from_db()
    assert contact.archived_at is not None
    assert mirror.makes() == 0
    hub_check(connection, mirror)


def test_their_delete_makes_theirs_again_where_that_is_chosen(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    policy(connection, on_their_delete="recreate")
    mirror.remove("people", person)

    told(connection, mirror, "delta")

    [made] = mirror.live("people")
    assert made.values["email"] == "ada@acme.test"
    assert ours_of(connection, "people", made.id) == contact
    hub_check(connection, mirror)


@pytest.mark.parametrize("way", ["delta", "push"])
@pytest.mark.parametrize("their_policy", ["unlink", "archive"])
def test_our_change_beats_their_delete(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    way: str,
    their_policy: str,
) -> None:
    policy(connection, on_their_delete=their_policy)
    mirror.remove("people", person)
    desk.edit(contact, title="CEO")

    if way == "push":
        work()
        time_passes(120)
        work()
    told(connection, mirror, "delta")

    [made] = mirror.live("people")
    assert made.values["title"] == "CEO"
    contact.refresh_from_db()
    assert contact.archived_at is None
    assert len(mirror.live("people")) == 1
    hub_check(connection, mirror, desk)


def test_our_delete_leaves_theirs(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    desk.archive(contact)

    work()
    pull(connection)
    work()

    assert [one.id for one in mirror.live("people")] == [person]
    assert Contact.objects.count() == 1
    contact.refresh_from_db()
    assert contact.archived_at is not None


def test_our_delete_deletes_theirs_where_that_is_chosen(
    connection: Connection, mirror: MirrorVendor, contact: Contact, desk: Desk
) -> None:
    policy(connection, on_our_delete="delete")
    desk.archive(contact)

    work()
    quiesce(connection, mirror)

    assert mirror.live("people") == []
    contact.refresh_from_db()
    assert contact.archived_at is not None
    assert Contact.objects.count() == 1


def test_their_change_is_not_deleted_by_our_delete(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    policy(connection, on_our_delete="delete")
    mirror.edit("people", person, title="Theirs anew")
    desk.archive(contact)

    work()

    assert [one.id for one in mirror.live("people")] == [person]


def test_late_event_of_a_deleted_record_revives_nothing(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    mirror.edit("people", person, title="Late")
    late = mirror.events_take()
    mirror.remove("people", person)
    told(connection, mirror, "delta")

    deliver(connection, late)
    work()
    pull(connection)

    assert Contact.objects.count() == 1
    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE
    assert not SyncJob.objects.filter(state="dead").exists()


def test_record_restored_there_is_linked_again(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    mirror.remove("people", person)
    told(connection, mirror, "delta")
    mirror.tables.restore("people", person)
    mirror.edit("people", person, title="Back")

    pull(connection)
    work()

    assert Contact.objects.count() == 1


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("way", ["delta", "hint"])
def test_merge_there_keeps_one_link_and_loses_no_record_of_ours(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    way: str,
    answers: bool,
) -> None:
    mirror.rules.answers_merged = answers
    other = mirror.add("people", email="ada@other.test", title="From the other")
    pull(connection)
    twin = ours_of(connection, "people", other)
    mirror.events_take()
    mirror.merge("people", person, other)

    told(connection, mirror, way)

    links = SyncRecord.objects.filter(connection=connection).exclude(state=LinkState.TOMBSTONE)
    assert [link.external_id for link in links] == [person]
    contact.refresh_from_db()
    assert contact.title == "From the other"
    assert Contact.objects.filter(pk=twin.pk, archived_at=None).exists()
    assert mirror.makes() == 0
    hub_check(connection, mirror)


@pytest.mark.parametrize("answers", [True, False])
def test_push_to_a_record_that_was_merged_reaches_the_winner_and_makes_none(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    answers: bool,
) -> None:
    winner = mirror.add("people", email="ada@other.test")
    mirror.merge("people", winner, person)
    desk.edit(contact, title="CEO")

    work()
    told(connection, mirror, "delta")

    assert [one.id for one in mirror.live("people")] == [winner]
    assert mirror.makes() == 0
    assert mirror.value("people", winner, "title") == "CEO"
    hub_check(connection, mirror)


def test_erasure_there_is_told_and_our_change_makes_nothing_again(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mirror.remove("people", person, is_erased=True)
    desk.edit(contact, title="CEO")

    told(connection, mirror, "delta")

    link = SyncRecord.objects.get(external_id=person)
    assert (link.state, link.is_erased) == (LinkState.TOMBSTONE, True)
    assert mirror.live("people") == []


def test_emptied_account_stops_to_ask(connection: Connection, mirror: MirrorVendor) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test") for number in range(60)]
    pull(connection)
    policy(connection, on_their_delete="archive")
    for id in ids:
        mirror.remove("people", id)

    told(connection, mirror, "full")

    assert not Contact.objects.exclude(archived_at=None).exists()
    assert SyncRecord.objects.exclude(state=LinkState.TOMBSTONE).count() == 60
    assert SyncState.objects.get(connection=connection, object="people").hold_reason


def test_link_ends_together_with_what_follows_from_it(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy(connection, on_their_delete="archive")
    mirror.remove("people", person)
    monkeypatch.setenv("HUB_FAULT", "sync.gone_settled:raise")
    pull(connection)
    assert SyncRecord.objects.get(external_id=person).state == LinkState.ACTIVE

    monkeypatch.setenv("HUB_FAULT", "")
    pull(connection)

    contact.refresh_from_db()
    assert contact.archived_at is not None
    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE
