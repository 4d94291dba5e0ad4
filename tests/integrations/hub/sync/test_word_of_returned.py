"""Whoever leads to a thing that is there again hears of it, whatever happens meanwhile."""

from __future__ import annotations

import pytest

from crm.models import Account, User
from integrations.hub.models import Connection, LinkState, SyncRecord, SyncState
from integrations.hub.sync.away import away_note
from integrations.hub.sync.holds import hold, hold_go_on
from tests import factories
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.lateness import passed_by, told
from tests.integrations.hub.sync.world import (
    Desk,
    ours_of,
    pull,
    time_passes,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor(connection: Connection) -> User:
    return factories.membership_make(connection.workspace).user


def people_of(connection: Connection) -> SyncState:
    states = SyncState.objects.select_related("connection__workspace")
    return states.get(connection=connection, object="people")


def taken_away_there(connection: Connection, mirror: MirrorVendor, ada: str) -> None:
    """By a person, hours after all that went with the company."""
    time_passes(7200)
    mirror.edit("people", ada, company_id="")
    pull(connection)
    work()


@pytest.mark.parametrize("fails", [False, True])
def test_waiting_link_is_sent_though_the_write_that_met_its_thing_failed(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, desk: Desk, fails: bool
) -> None:
    passed_by(connection, mirror)
    SyncState.objects.update(next_run_at="2062-01-01T00:00:00Z")
    mirror.remove("companies", acme)
    away_note([SyncRecord.objects.get(object="companies").pk])
    mirror.edit("people", ada, company_id="")
    told(connection, mirror, "people")
    mirror.restore("companies", acme)
    mirror.events_take()
    if fails:
        mirror.script.append(Trouble("write", status=503))

    desk.edit(Account.objects.get(), city="Rome")
    work()
    time_passes(700)
    work()

    assert mirror.value("people", ada, "company_id") == acme


def test_later_look_is_made_though_an_event_came_before_it(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    passed_by(connection, mirror)
    mirror.remove("companies", acme)
    told(connection, mirror, "companies")
    mirror.restore("companies", acme)
    told(connection, mirror, "companies")
    mirror.edit("people", ada, title="Countess")
    told(connection, mirror, "people")
    passed_by(connection, mirror, "last")
    time_passes(700)
    work()

    taken_away_there(connection, mirror, ada)

    assert ours_of(connection, "people", ada).account_id is None
    assert mirror.value("people", ada, "company_id") == ""


@pytest.mark.parametrize("waits", [30, 700])
def test_later_look_is_made_up_for_where_the_stream_waits(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, actor: User, waits: int
) -> None:
    passed_by(connection, mirror)
    mirror.remove("companies", acme)
    told(connection, mirror, "companies")
    hold(people_of(connection), "Too many.")
    mirror.restore("companies", acme)
    told(connection, mirror, "companies")
    time_passes(waits)
    work()
    hold_go_on(people_of(connection), actor=actor)
    work()
    time_passes(700)
    work()

    taken_away_there(connection, mirror, ada)

    assert ours_of(connection, "people", ada).account_id is None


def test_deletion_that_is_told_while_the_stream_waits_is_known_after_it(
    connection: Connection, mirror: MirrorVendor, person: str, actor: User
) -> None:
    mirror.rules.lists_deleted = False
    hold(people_of(connection), "Too many.")
    mirror.remove("people", person)
    told(connection, mirror, "people")

    hold_go_on(people_of(connection), actor=actor)
    work()

    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE


def test_thing_of_an_archived_record_that_is_back_is_no_lost_thing(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, desk: Desk
) -> None:
    desk.archive(Account.objects.get())
    work()
    mirror.remove("companies", acme)
    told(connection, mirror, "companies")
    mirror.restore("companies", acme)
    told(connection, mirror, "companies")
    time_passes(7200)
    pull(connection, is_full=True)
    work()

    taken_away_there(connection, mirror, ada)

    assert ours_of(connection, "people", ada).account_id is None
