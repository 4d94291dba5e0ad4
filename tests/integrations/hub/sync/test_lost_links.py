"""A vendor drops the links of what is deleted there: ours stay, and are sent once it is back."""

from __future__ import annotations

import pytest

from crm.models import Account, Contact
from integrations.hub.models import Connection, LinkState, SyncRecord, SyncState
from integrations.hub.sync.reconciling import reconcile_now
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import Desk, deliver, link_of, ours_of, pull, quiesce, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(connection: Connection, mirror: MirrorVendor) -> str:
    return mirror.add("companies", name="Acme", domain="acme.test")


@pytest.fixture
def ada(connection: Connection, mirror: MirrorVendor, acme: str) -> str:
    id = mirror.add("people", email="ada@acme.test", last_name="Byron", company_id=acme)
    quiesce(connection, mirror)
    mirror.events_take()
    return id


def deleted_there(connection: Connection, mirror: MirrorVendor, acme: str, ada: str) -> None:
    """With it the vendor drops the links that led to it; heard of the deletion first."""
    mirror.remove("companies", acme)
    deliver(connection, mirror.events_take())
    work()
    mirror.edit("people", ada, company_id="")
    pull(connection)
    work()


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
    quiesce(connection, mirror)
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


def test_mistaken_look_takes_no_link_away_for_good(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    mirror.get("companies", acme).is_deleted = True
    mirror.edit("people", ada, company_id="")
    pull(connection, "people")
    work()
    mirror.get("companies", acme).is_deleted = False

    pull(connection, is_full=True)
    quiesce(connection, mirror)

    assert mirror.value("people", ada, "company_id") == acme
