"""A vendor drops the links of what is deleted there: ours stay, and are sent once it is back."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from crm.models import Account, Contact, Workspace
from integrations.hub.mapping.tables import DROPPED_WITHIN
from integrations.hub.models import (
    MADE_AGAIN_WORDS,
    Connection,
    LinkState,
    SyncRecord,
    SyncState,
)
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync.holds import hold_go_on
from integrations.hub.sync.links import tombstone
from integrations.hub.sync.reconciling import reconcile_now
from integrations.hub.sync.telling import told_take
from tests import factories
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import (
    Desk,
    deliver,
    link_of,
    ours_of,
    pull,
    quiesce,
    time_passes,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


def deleted_there(connection: Connection, mirror: MirrorVendor, acme: str, ada: str) -> None:
    """With it the vendor drops the links that led to it; heard of the deletion first."""
    mirror.remove("companies", acme)
    deliver(connection, mirror.events_take())
    work()
    mirror.edit("people", ada, company_id="")
    pull(connection)
    work()


def all_shows(connection: Connection, mirror: MirrorVendor) -> None:
    """So long after a thing was away that no link to it goes any more; who led to it was seen."""
    quiesce(connection, mirror)
    time_passes(DROPPED_WITHIN.total_seconds() + 2)
    quiesce(connection, mirror)


def test_link_to_what_was_deleted_there_stays_here(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    deleted_there(connection, mirror, acme, ada)

    contact, account = ours_of(connection, "people", ada), Account.objects.get()
    assert contact.account_id == account.pk
    link = link_of(connection, contact)
    assert (link.waits_for, link.problems) == ([f"account:{account.pk}"], {})
    state = SyncState.objects.get(connection=connection, object="people")
    assert reconcile_now(state).details["counts"]["accepted"] == 1


def test_link_is_sent_again_once_its_thing_is_restored_there(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, desk: Desk
) -> None:
    deleted_there(connection, mirror, acme, ada)
    mirror.restore("companies", acme)

    deliver(connection, mirror.events_take())
    work()

    assert mirror.value("people", ada, "company_id") == acme
    all_shows(connection, mirror)
    assert ours_of(connection, "people", ada).account_id == Account.objects.get().pk
    hub_check(connection, mirror, desk)


def test_link_that_somebody_takes_away_there_is_taken_away_here(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    mirror.edit("people", ada, company_id="")
    pull(connection)
    work()

    assert Contact.objects.get().account_id is None


def test_link_to_what_was_only_archived_here_is_taken_away_if_they_take_it_away(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, desk: Desk
) -> None:
    desk.archive(Account.objects.get())
    work()
    assert SyncRecord.objects.get(external_id=acme).state == LinkState.TOMBSTONE

    mirror.edit("people", ada, company_id="")
    pull(connection)
    work()

    assert Contact.objects.get().account_id is None


def test_other_link_that_was_set_there_meanwhile_is_taken_over(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    deleted_there(connection, mirror, acme, ada)
    other = mirror.add("companies", name="Other", domain="other.test")
    mirror.edit("people", ada, company_id=other)
    pull(connection)
    work()

    contact = ours_of(connection, "people", ada)
    assert contact.account_id == ours_of(connection, "companies", other).pk


def test_link_dropped_before_anybody_heard_of_the_deletion_stays_here(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    mirror.get("companies", acme).is_deleted = True
    mirror.edit("people", ada, company_id="")
    pull(connection, "people")
    work()

    assert ours_of(connection, "people", ada).account_id == Account.objects.get().pk
    assert mirror.value("people", ada, "company_id") == ""


def test_link_that_is_taken_away_while_its_thing_is_doubted_is_asked_for(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    SyncRecord.objects.filter(external_id=acme).update(gone_at=Now())
    mirror.edit("people", ada, company_id="")

    pull(connection, "people")
    work()

    assert ours_of(connection, "people", ada).account_id is None
    assert mirror.value("people", ada, "company_id") == ""
    assert SyncRecord.objects.get(external_id=acme).gone_at is None


def test_link_that_went_with_a_thing_which_was_soon_back_is_sent_again(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, desk: Desk
) -> None:
    """Nobody has heard of the deletion; only the look at what was blank has met it."""
    mirror.get("companies", acme).is_deleted = True
    mirror.edit("people", ada, company_id="")
    pull(connection, "people")
    work()
    mirror.get("companies", acme).is_deleted = False

    pull(connection, is_full=True)
    all_shows(connection, mirror)

    assert ours_of(connection, "people", ada).account_id == Account.objects.get().pk
    assert mirror.value("people", ada, "company_id") == acme
    hub_check(connection, mirror, desk)


def test_link_that_went_with_a_thing_which_is_back_before_anybody_looked_is_sent_again(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    mirror.remove("companies", acme)
    deliver(connection, mirror.events_take())
    work()
    mirror.edit("people", ada, company_id="")
    mirror.restore("companies", acme)
    deliver(connection, [one for one in mirror.events_take() if one["object"] == "companies"])
    work()

    quiesce(connection, mirror)

    assert ours_of(connection, "people", ada).account_id == Account.objects.get().pk
    assert mirror.value("people", ada, "company_id") == acme


def test_link_that_is_taken_away_after_its_thing_was_back_is_taken_away_here(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    deleted_there(connection, mirror, acme, ada)
    mirror.restore("companies", acme)
    deliver(connection, mirror.events_take())
    all_shows(connection, mirror)
    assert mirror.value("people", ada, "company_id") == acme

    mirror.edit("people", ada, company_id="")
    quiesce(connection, mirror)

    assert ours_of(connection, "people", ada).account_id is None
    assert mirror.value("people", ada, "company_id") == ""


@pytest.mark.parametrize("is_heard_first", [True, False])
def test_link_stays_in_whatever_order_its_thing_was_missed_gone_and_back(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, is_heard_first: bool
) -> None:
    """By the time that the thing is back no list brings the record any more."""
    SyncState.objects.filter(object="people").update(overlap_seconds=0)
    mirror.remove("companies", acme)
    events = mirror.events_take()
    if is_heard_first:
        deliver(connection, events)
        work()
    mirror.edit("people", ada, company_id="")
    pull(connection, "people")
    work()
    mirror.add("people", email="later@acme.test", last_name="Later")
    pull(connection, "people")
    if not is_heard_first:
        deliver(connection, events)
    work()
    mirror.restore("companies", acme)
    deliver(connection, [one for one in mirror.events_take() if one["object"] == "companies"])
    work()

    quiesce(connection, mirror)

    assert ours_of(connection, "people", ada).account_id == Account.objects.get().pk
    assert mirror.value("people", ada, "company_id") == acme


def test_links_stay_when_many_things_are_deleted_by_mistake_and_restored(
    connection: Connection, mirror: MirrorVendor, workspace: Workspace
) -> None:
    """The guard stops what follows of so many; the links come back with them."""
    companies = [
        mirror.add("companies", name=f"C{number}", domain=f"c{number}.test") for number in range(25)
    ]
    people = [
        mirror.add("people", email=f"p{number}@x.test", last_name="P", company_id=one)
        for number, one in enumerate(companies)
    ]
    quiesce(connection, mirror)
    mirror.events_take()
    for one in companies:
        mirror.remove("companies", one)
    for one in people:
        mirror.edit("people", one, company_id="")
    deliver(connection, mirror.events_take())
    work()
    held = SyncState.objects.get(object="companies")
    assert held.hold_reason
    for one in companies:
        mirror.restore("companies", one)
    deliver(connection, mirror.events_take())
    work()

    hold_go_on(held, actor=factories.membership_make(workspace).user)
    quiesce(connection, mirror)

    assert not Contact.objects.filter(account=None).exists()
    assert all(mirror.value("people", one, "company_id") for one in people)


def test_link_to_what_is_set_aside_here_stays_when_its_thing_is_deleted_there(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    SyncRecord.objects.filter(external_id=acme).update(state=LinkState.QUARANTINED)
    mirror.remove("companies", acme)
    mirror.edit("people", ada, company_id="")

    pull(connection, "people")
    work()

    assert ours_of(connection, "people", ada).account_id == Account.objects.get().pk


@pytest.mark.parametrize("is_heard_first", [True, False])
def test_link_to_what_is_archived_here_stays_when_its_thing_is_deleted_there(
    connection: Connection,
    mirror: MirrorVendor,
    acme: str,
    ada: str,
    desk: Desk,
    is_heard_first: bool,
) -> None:
    desk.archive(Account.objects.get())
    work()
    mirror.remove("companies", acme)
    if is_heard_first:
        deliver(connection, mirror.events_take())
        work()
    mirror.edit("people", ada, company_id="")
    pull(connection, "people")
    work()
    assert ours_of(connection, "people", ada).account_id == Account.objects.get().pk

    desk.restore(Account.objects.get())
    quiesce(connection, mirror)

    assert ours_of(connection, "people", ada).account_id == Account.objects.get().pk


def test_thing_that_is_only_sent_and_was_missed_once_is_looked_for_by_its_own_job(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    SyncState.objects.filter(object="companies").update(direction="push")
    mirror.get("companies", acme).is_deleted = True
    mirror.edit("people", ada, company_id="")
    pull(connection, "people")
    mirror.get("companies", acme).is_deleted = False

    work()

    assert SyncRecord.objects.get(external_id=acme).gone_at is None
    assert mirror.value("people", ada, "company_id") == acme


def test_link_to_what_was_merged_there_is_taken_away_if_they_take_it_away(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    """Before anybody here has heard that it leads to the survivor now."""
    SyncRecord.objects.filter(external_id=acme).update(external_id="c99")
    mirror.edit("people", ada, company_id="")
    pull(connection, "people")
    work()

    assert ours_of(connection, "people", ada).account_id is None
    assert mirror.value("people", ada, "company_id") == ""


def test_link_is_sent_to_what_was_made_again_though_an_event_tells_that_it_is_blank(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    again = mirror.add("companies", name="Acme", domain="acme.test")
    link = SyncRecord.objects.get(external_id=acme)
    tombstone(link, MADE_AGAIN_WORDS)
    mirror.remove("companies", acme)
    fresh = {"object": "companies", "record_type": "account", "local_id": link.local_id}
    SyncRecord.objects.create(connection=connection, external_id=again, **fresh)
    mirror.edit("people", ada, company_id="")
    mirror.events_take()

    with transaction.atomic():
        told_take(connection, "people", RemoteRecord(ada, {"company_id": ""}))
    work()

    assert mirror.value("people", ada, "company_id") == again


def test_thing_that_many_led_to_is_asked_about_once_a_page(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    others = [
        mirror.add("people", email=f"p{number}@acme.test", company_id=acme) for number in range(5)
    ]
    quiesce(connection, mirror)
    deleted_there(connection, mirror, acme, ada)
    for one in others:
        mirror.edit("people", one, company_id="")

    with CaptureQueriesContext(database) as queries:
        pull(connection, "people")

    asked = [one for one in queries.captured_queries if '"reason" IN' in one["sql"]]
    assert len(asked) == 1
    assert Contact.objects.filter(account=None).count() == 0
