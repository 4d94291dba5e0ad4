"""A connection that was disconnected and comes back: what either side changed meanwhile."""

from __future__ import annotations

import pytest

from crm.models import Contact, Workspace
from integrations.hub.connections import connection_disconnect, credentials_replace
from integrations.hub.models import Connection, LinkState, SyncRecord, SyncState
from integrations.hub.sync.holds import hold_go_on
from tests import factories
from tests.integrations.hub.mirror_vendor import API_KEY, MirrorVendor
from tests.integrations.hub.sync.world import Desk, ours_of, quiesce, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def away(connection: Connection, mirror: MirrorVendor, person: str) -> Connection:
    """Disconnected, with both sides in step."""
    quiesce(connection, mirror)
    connection_disconnect(connection, actor=None)
    connection.refresh_from_db()
    return connection


def back(connection: Connection) -> None:
    credentials_replace(connection, credentials={"api_key": API_KEY}, actor=None)
    work()


def test_edit_here_is_sent(
    away: Connection, mirror: MirrorVendor, person: str, contact: Contact, desk: Desk
) -> None:
    desk.edit(contact, title="Countess")

    back(away)

    assert mirror.value("people", person, "title") == "Countess"


def test_edits_there_are_taken_over_at_once(
    away: Connection, mirror: MirrorVendor, person: str
) -> None:
    SyncState.objects.update(next_run_at="2062-01-01T00:00:00Z")
    mirror.edit("people", person, title="Countess")
    mirror.add("people", email="new@acme.test", last_name="New")
    mirror.events_take()

    back(away)

    assert ours_of(away, "people", person).title == "Countess"
    assert Contact.objects.filter(last_name="New").exists()


def test_what_was_added_here_is_made_there(
    away: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    desk.make("contact", last_name="Hopper", email="grace@acme.test")

    back(away)

    emails = {one.values["email"] for one in mirror.tables.things["people"].values()}
    assert "grace@acme.test" in emails


def test_stream_that_nobody_has_accepted_stays_as_it_was(
    away: Connection, mirror: MirrorVendor, contact: Contact, desk: Desk
) -> None:
    SyncState.objects.update(stage="new")
    desk.edit(contact, title="Countess")
    mirror.forget_calls()

    back(away)

    assert not mirror.writes()
    assert not SyncState.objects.filter(is_full_wanted=True).exists()


def test_held_stream_reads_all_once_a_person_lets_it_go_on(
    away: Connection, mirror: MirrorVendor, person: str, workspace: Workspace
) -> None:
    """A deletion is told once, and nobody has listened."""
    SyncState.objects.filter(object="people").update(hold_reason="Too many at once.")
    mirror.remove("people", person)
    mirror.events_take()
    mirror.rules.lists_deleted = False
    back(away)
    held = SyncState.objects.select_related("connection__workspace").get(object="people")

    hold_go_on(held, actor=factories.membership_make(workspace).user)
    work()

    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE
