"""How long a person's "Go on" lasts on a stream that only sends, for which no pull ever ends."""

from __future__ import annotations

import pytest
from django.db.models import F

from crm.models import Contact, User
from integrations.hub import jobs
from integrations.hub.mapping.transforms import InvalidTransform
from integrations.hub.models import (
    Connection,
    FieldMapping,
    LinkState,
    SyncDirection,
    SyncRecord,
    SyncState,
)
from integrations.hub.sync.holds import hold, hold_go_on
from integrations.hub.sync.states import stream_go_live
from integrations.hub.sync.steering import by_operator, stream_configure
from integrations.hub.sync.waivers import waivers_sweep
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, pull, time_passes, work

pytestmark = pytest.mark.django_db(transaction=True)

# More than may be deleted there without asking.
MANY = 30


@pytest.fixture
def linked(connection: Connection, mirror: MirrorVendor) -> None:
    """Linked people, whose counterparts are deleted when ours are archived."""
    for number in range(MANY):
        mirror.add("people", email=f"p{number}@acme.test", last_name=f"P{number}")
    pull(connection)
    SyncState.objects.filter(connection=connection).update(on_our_delete="delete")


@pytest.fixture
def sending(connection: Connection, linked: None) -> None:
    SyncState.objects.filter(connection=connection).update(direction=SyncDirection.PUSH)


def state_of(connection: Connection) -> SyncState:
    rows = SyncState.objects.select_related("connection__workspace")
    return rows.get(connection=connection, object="people")


def archive_all(desk: Desk) -> None:
    for contact in Contact.objects.filter(archived_at=None):
        desk.archive(contact)


def test_stream_that_only_sends_asks_before_it_deletes_many(
    connection: Connection, mirror: MirrorVendor, sending: None, desk: Desk, actor: User
) -> None:
    stream_go_live(state_of(connection), actor=actor)

    archive_all(desk)
    work()

    assert "were archived here" in state_of(connection).hold_reason
    assert len(mirror.live("people")) == MANY


def test_stream_that_is_pulled_goes_live_with_leave_for_its_first_run(
    connection: Connection, linked: None, actor: User
) -> None:
    stream_go_live(state_of(connection), actor=actor)

    assert state_of(connection).is_guard_waived


def test_stream_that_was_made_to_only_send_before_its_first_pull_asks_too(
    connection: Connection, mirror: MirrorVendor, linked: None, desk: Desk, actor: User
) -> None:
    stream_go_live(state_of(connection), actor=actor)
    values = {"direction": SyncDirection.PUSH}
    stream_configure(state_of(connection), values=values, origin=by_operator(actor))

    waivers_sweep()
    archive_all(desk)
    work()

    assert "were archived here" in state_of(connection).hold_reason
    assert len(mirror.live("people")) == MANY


def test_go_on_of_a_stream_that_only_sends_is_over_when_all_is_deleted(
    connection: Connection, mirror: MirrorVendor, sending: None, desk: Desk, actor: User
) -> None:
    archive_all(desk)
    work()

    hold_go_on(state_of(connection), actor=actor)
    waivers_sweep()
    assert state_of(connection).is_guard_waived
    work()

    assert mirror.live("people") == []
    assert (state_of(connection).hold_reason, state_of(connection).is_guard_waived) == ("", False)


def test_go_on_with_nothing_left_to_do_is_over_with_the_next_round(
    connection: Connection, sending: None, actor: User
) -> None:
    SyncState.objects.filter(connection=connection).update(hold_reason="Look at this.")
    hold_go_on(state_of(connection), actor=actor)

    waivers_sweep()

    assert not state_of(connection).is_guard_waived


def test_stream_that_is_pulled_keeps_its_leave_until_a_pull_has_ended(
    connection: Connection, linked: None, actor: User
) -> None:
    stream_go_live(state_of(connection), actor=actor)

    waivers_sweep()

    assert state_of(connection).is_guard_waived


def test_what_was_let_through_counts_no_more(
    connection: Connection, mirror: MirrorVendor, sending: None, desk: Desk, actor: User
) -> None:
    archive_all(desk)
    work()
    hold_go_on(state_of(connection), actor=actor)
    work()
    assert mirror.live("people") == []

    one = desk.make("contact", email="one@acme.test", last_name="One")
    work()
    desk.archive(one)
    work()

    assert state_of(connection).hold_reason == ""
    assert mirror.live("people") == []


def test_go_on_is_no_leave_for_what_is_archived_after_it(
    connection: Connection, mirror: MirrorVendor, sending: None, desk: Desk, actor: User
) -> None:
    """Even while what was let through still waits to be done."""
    later = [desk.make("contact", email=f"l{n}@acme.test", last_name=f"L{n}") for n in range(MANY)]
    work()
    for contact in Contact.objects.exclude(pk__in=[one.pk for one in later]):
        desk.archive(contact)
    work()

    hold_go_on(state_of(connection), actor=actor)
    for contact in later:
        desk.archive(contact)
    work()

    assert f"{MANY} of " in state_of(connection).hold_reason
    assert {f"l{n}@acme.test" for n in range(MANY)} <= {
        one.values["email"] for one in mirror.live("people")
    }


def test_what_a_leave_did_not_cover_still_counts_when_it_is_over(
    connection: Connection, mirror: MirrorVendor, sending: None, desk: Desk, actor: User
) -> None:
    """As many as may be deleted in an hour without asking, while a leave lasts, and then one."""
    later = [desk.make("contact", email=f"l{n}@acme.test", last_name=f"L{n}") for n in range(21)]
    work()
    for contact in Contact.objects.exclude(pk__in=[one.pk for one in later]):
        desk.archive(contact)
    work()
    hold_go_on(state_of(connection), actor=actor)
    for contact in later[:20]:
        desk.archive(contact)
    work()
    waivers_sweep()
    assert (state_of(connection).hold_reason, state_of(connection).is_guard_waived) == ("", False)

    desk.archive(later[20])
    work()

    assert "21 of 21 people were archived here" in state_of(connection).hold_reason
    assert [one.values["email"] for one in mirror.live("people")] == ["l20@acme.test"]


@pytest.mark.parametrize("is_swept", [True, False])
def test_go_on_covers_all_that_is_gone_there_when_a_stream_only_sends(
    connection: Connection,
    mirror: MirrorVendor,
    sending: None,
    actor: User,
    is_swept: bool,
) -> None:
    """Their going comes to light record by record, with the writes that do not find them."""
    for thing in list(mirror.live("people")):
        mirror.remove("people", thing.id)
    jobs.dirty(connection.pk, "contact", Contact.objects.values_list("pk", flat=True))
    work()
    time_passes(90)
    work()
    assert "are gone at the vendor" in state_of(connection).hold_reason

    hold_go_on(state_of(connection), actor=actor)
    if is_swept:
        waivers_sweep()
    work()
    time_passes(90)
    work()

    assert state_of(connection).hold_reason == ""
    assert not SyncRecord.objects.filter(gone_at__isnull=False, state=LinkState.ACTIVE).exists()
    waivers_sweep()
    assert not state_of(connection).is_guard_waived


def test_stream_that_cannot_be_looked_at_keeps_no_other_waiting(
    connection: Connection, sending: None, actor: User
) -> None:
    SyncState.objects.filter(connection=connection).update(hold_reason="Look at this.")
    for state in SyncState.objects.filter(connection=connection):
        hold_go_on(state, actor=actor)
    FieldMapping.objects.filter(connection=connection, object="companies").update(
        transform=[{"kind": "nonsense"}]
    )
    SyncState.objects.filter(connection=connection).update(mapping_version=F("mapping_version") + 1)

    with pytest.raises(InvalidTransform):
        waivers_sweep()

    assert not state_of(connection).is_guard_waived


def test_stop_for_another_reason_lets_through_nothing(
    connection: Connection, mirror: MirrorVendor, sending: None, desk: Desk, actor: User
) -> None:
    """What was deleted before still counts with what is archived after."""
    contacts = list(Contact.objects.order_by("pk"))
    for contact in contacts[:15]:
        desk.archive(contact)
    work()
    assert len(mirror.live("people")) == MANY - 15

    hold(state_of(connection), "Look at this.")
    SyncState.objects.filter(connection=connection).update(hold_reason="")
    for contact in contacts[15:]:
        desk.archive(contact)
    work()

    assert "were archived here" in state_of(connection).hold_reason
    assert len(mirror.live("people")) == MANY - 15
