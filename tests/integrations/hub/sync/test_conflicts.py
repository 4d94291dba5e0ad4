"""Both sides edited the same field: each rule, the loser kept, and a person who decides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.db.models import F

from crm.models import Contact
from integrations.hub.conflicts import conflict_resolve
from integrations.hub.merge import Side
from integrations.hub.models import ConflictState, Connection, FieldMapping, SyncConflict
from tests import factories
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import Desk, pull, quiesce, work

pytestmark = pytest.mark.django_db(transaction=True)


def both_edit(
    mirror: MirrorVendor, desk: Desk, contact: Contact, person: str, *, is_ours_later: bool
) -> None:
    """The same field on both sides, more than a tie apart by the vendor's clock."""
    mirror.rules.offset = timedelta(seconds=-60 if is_ours_later else 60)
    mirror.edit("people", person, title="Theirs")
    mirror.rules.offset = timedelta(0)
    desk.edit(contact, title="Ours")


@pytest.mark.parametrize(
    ("shape", "is_ours_later", "winner"),
    [
        (Shape(rule="ours_wins"), False, "Ours"),
        (Shape(rule="theirs_wins"), True, "Theirs"),
        (Shape(rule="last_write"), True, "Ours"),
        (Shape(rule="last_write"), False, "Theirs"),
        (Shape(rule="field_priority"), False, "Ours"),
    ],
    indirect=["shape"],
)
@pytest.mark.parametrize("is_pull_first", [True, False])
def test_rule_decides_and_the_loser_is_kept(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    is_ours_later: bool,
    winner: str,
    is_pull_first: bool,
) -> None:
    both_edit(mirror, desk, contact, person, is_ours_later=is_ours_later)

    if is_pull_first:
        pull(connection)
    work()
    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert (contact.title, mirror.value("people", person, "title")) == (winner, winner)
    conflict = SyncConflict.objects.get(connection=connection)
    assert (conflict.field, conflict.ours, conflict.theirs) == ("title", "Ours", "Theirs")
    assert conflict.state == ConflictState.SETTLED
    assert conflict.winner == winner.lower()
    hub_check(connection, mirror, desk)


def test_fields_edited_apart_are_no_conflict(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mirror.edit("people", person, last_name="King")
    desk.edit(contact, title="CEO")

    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert (contact.last_name, contact.title) == ("King", "CEO")
    assert mirror.value("people", person, "title") == "CEO"
    assert not SyncConflict.objects.exists()
    hub_check(connection, mirror, desk)


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_manual_conflict_waits_for_a_person_and_their_choice_is_applied(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    side: str,
) -> None:
    FieldMapping.objects.filter(connection=connection, path="title").update(rule="manual")
    connection.sync_states.update(mapping_version=F("mapping_version") + 1)
    both_edit(mirror, desk, contact, person, is_ours_later=True)
    quiesce(connection, mirror)
    conflict = SyncConflict.objects.get(connection=connection)
    assert conflict.state == ConflictState.OPEN
    contact.refresh_from_db()
    assert (contact.title, mirror.value("people", person, "title")) == ("Ours", "Theirs")

    conflict_resolve(conflict, winner=Side(side), actor=factories.user_make())
    quiesce(connection, mirror)

    contact.refresh_from_db()
    expected = side.capitalize()
    assert (contact.title, mirror.value("people", person, "title")) == (expected, expected)
    conflict.refresh_from_db()
    assert conflict.state == ConflictState.RESOLVED
    hub_check(connection, mirror, desk)


def test_manual_conflict_leaves_the_other_fields_in_step(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    FieldMapping.objects.filter(connection=connection, path="title").update(rule="manual")
    connection.sync_states.update(mapping_version=F("mapping_version") + 1)
    both_edit(mirror, desk, contact, person, is_ours_later=True)
    mirror.edit("people", person, last_name="King")
    desk.edit(contact, first_name="Adele")

    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert (contact.last_name, mirror.value("people", person, "first_name")) == ("King", "Adele")
    hub_check(connection, mirror, desk)


def test_decision_made_on_older_values_is_not_applied_to_newer_ones(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    FieldMapping.objects.filter(connection=connection, path="title").update(rule="manual")
    connection.sync_states.update(mapping_version=F("mapping_version") + 1)
    both_edit(mirror, desk, contact, person, is_ours_later=True)
    quiesce(connection, mirror)
    conflict = SyncConflict.objects.get(connection=connection)
    mirror.edit("people", person, title="Theirs anew")

    conflict_resolve(conflict, winner=Side.OURS, actor=factories.user_make())
    quiesce(connection, mirror)

    assert mirror.value("people", person, "title") == "Theirs anew"
    conflict.refresh_from_db()
    assert (conflict.state, conflict.theirs) == (ConflictState.OPEN, "Theirs anew")


@pytest.mark.parametrize("minutes", [-5, 5])
def test_clock_of_the_vendor_is_corrected(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    minutes: int,
) -> None:
    mirror.rules.offset = timedelta(minutes=minutes)
    pull(connection)
    # Theirs is typed last, whatever the clocks say.
    desk.edit(contact, title="Ours")
    time_passes_on_the_ledger(60)
    mirror.edit("people", person, title="Theirs")

    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert contact.title == "Theirs"
    hub_check(connection, mirror, desk)


def time_passes_on_the_ledger(seconds: int) -> None:
    """What was typed so far was typed earlier."""
    with database.cursor() as cursor:
        cursor.execute("UPDATE crm_change SET at = at - interval '1 second' * %s", [seconds])
