"""The blast guard: many deletions or overwrites stop a stream, and a person lets it go on."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Account, Alert, Change, Contact, User, Workspace
from integrations.hub.connections import connection_disconnect, credentials_replace
from integrations.hub.errors import Conflict
from integrations.hub.models import (
    Connection,
    LinkState,
    RunStatus,
    SyncRecord,
    SyncRun,
    SyncState,
)
from integrations.hub.notices import JOB_LOST, connection_alert
from integrations.hub.sync.holds import hold, hold_go_on, stream_start, stream_stop
from tests import factories
from tests.integrations.hub.mirror_vendor import API_KEY, MirrorVendor
from tests.integrations.hub.sync.world import Desk, pull, work

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 30


@pytest.fixture
def actor(workspace: Workspace) -> User:
    return factories.membership_make(workspace).user


@pytest.fixture
def people(connection: Connection, mirror: MirrorVendor) -> list[str]:
    """More linked people than may go at once."""
    ids = [
        mirror.add("people", email=f"p{number}@acme.test", last_name=f"P{number}")
        for number in range(MANY)
    ]
    pull(connection)
    mirror.forget_calls()
    return ids


def state_of(connection: Connection, object: str = "people") -> SyncState:
    rows = SyncState.objects.select_related("connection__workspace")
    return rows.get(connection=connection, object=object)


def active(connection: Connection) -> int:
    return SyncRecord.objects.filter(connection=connection, state=LinkState.ACTIVE).count()


def emptied(connection: Connection, mirror: MirrorVendor, ids: list[str], **policy: str) -> None:
    SyncState.objects.filter(connection=connection).update(**policy)
    for id in ids:
        mirror.remove("people", id)
    pull(connection)


def archived(connection: Connection, desk: Desk) -> None:
    SyncState.objects.filter(connection=connection).update(on_our_delete="delete")
    for contact in Contact.objects.all():
        desk.archive(contact)
    work()


def test_emptied_account_archives_nothing_before_a_person_says_so(
    connection: Connection, mirror: MirrorVendor, people: list[str]
) -> None:
    emptied(connection, mirror, people, on_their_delete="archive")

    assert "30 of 30 people are gone" in state_of(connection).hold_reason
    assert Contact.objects.filter(archived_at=None).count() == MANY
    assert active(connection) == MANY
    run = SyncRun.objects.filter(object="people").order_by("-pk").first()
    assert run is not None
    assert run.status == RunStatus.HELD


def test_admins_hear_once_of_a_stream_that_stopped(
    connection: Connection, mirror: MirrorVendor, people: list[str]
) -> None:
    emptied(connection, mirror, people)
    hold(state_of(connection), "Again.")
    pull(connection)

    alert = Alert.objects.get(kind="sync_held")
    assert "30 of 30 people are gone" in alert.message
    assert alert.occurrences == 1


def test_go_on_does_what_was_held_back(
    connection: Connection, mirror: MirrorVendor, people: list[str], actor: User
) -> None:
    emptied(connection, mirror, people, on_their_delete="archive")

    hold_go_on(state_of(connection), actor=actor)
    work()

    state = state_of(connection)
    assert Contact.objects.filter(archived_at=None).count() == 0
    assert (state.hold_reason, state.is_guard_waived) == ("", False)
    assert not Alert.objects.filter(kind="sync_held", status="open").exists()
    assert Change.objects.filter(record_type="syncstate", actor=actor).exists()


def test_account_that_is_well_again_loses_nothing(
    connection: Connection, mirror: MirrorVendor, people: list[str], actor: User
) -> None:
    mirror.rules.lists_deleted = False
    things = [mirror.get("people", id) for id in people]
    emptied(connection, mirror, people, on_their_delete="archive")
    pull(connection, is_full=True)
    assert state_of(connection).hold_reason

    for thing in things:
        thing.is_deleted = False
    hold_go_on(state_of(connection), actor=actor)
    pull(connection, is_full=True)

    assert Contact.objects.filter(archived_at=None).count() == MANY
    assert active(connection) == MANY


def test_many_archived_here_delete_nothing_there_before_a_person_says_so(
    connection: Connection, mirror: MirrorVendor, people: list[str], desk: Desk
) -> None:
    archived(connection, desk)

    assert "were archived here" in state_of(connection).hold_reason
    assert len(mirror.live("people")) == MANY


def test_go_on_deletes_there_what_was_archived_here(
    connection: Connection, mirror: MirrorVendor, people: list[str], desk: Desk, actor: User
) -> None:
    archived(connection, desk)

    hold_go_on(state_of(connection), actor=actor)
    work()
    pull(connection)

    assert mirror.live("people") == []
    assert state_of(connection).hold_reason == ""
    assert not state_of(connection).is_guard_waived


def test_few_archived_here_are_deleted_there_at_once(
    connection: Connection, mirror: MirrorVendor, people: list[str], desk: Desk
) -> None:
    SyncState.objects.filter(connection=connection).update(on_our_delete="delete")
    for contact in Contact.objects.order_by("pk")[:3]:
        desk.archive(contact)

    work()

    assert len(mirror.live("people")) == MANY - 3
    assert state_of(connection).hold_reason == ""


def test_run_that_overwrites_much_stops_and_goes_on_where_it_was(
    connection: Connection, mirror: MirrorVendor, actor: User
) -> None:
    mirror.rules.page_size = 50
    ids = [mirror.add("companies", domain=f"c{n}.test", name=f"C{n}") for n in range(200)]
    pull(connection)
    for id in ids:
        mirror.edit("companies", id, city="Bonn")

    pull(connection)

    state = state_of(connection, "companies")
    assert "has overwritten 150 of 200 companies" in state.hold_reason
    assert Account.objects.filter(city="Bonn").count() == 150
    hold_go_on(state, actor=actor)
    work()
    assert Account.objects.filter(city="Bonn").count() == 200
    assert state_of(connection, "companies").hold_reason == ""


def test_edits_made_while_a_stream_waits_are_sent_when_it_goes_on(
    connection: Connection, mirror: MirrorVendor, people: list[str], desk: Desk, actor: User
) -> None:
    hold(state_of(connection), "Look at this.")
    desk.edit(Contact.objects.get(email="p1@acme.test"), title="CEO")
    work()
    assert mirror.writes("people") == []

    hold_go_on(state_of(connection), actor=actor)
    work()

    assert mirror.value("people", people[1], "title") == "CEO"


def test_stream_that_waits_for_nobody_cannot_go_on(connection: Connection, actor: User) -> None:
    with pytest.raises(Conflict):
        hold_go_on(state_of(connection), actor=actor)


def test_stopped_stream_neither_reads_nor_sends_before_it_is_started(
    connection: Connection, mirror: MirrorVendor, people: list[str], desk: Desk, actor: User
) -> None:
    stream_stop(state_of(connection), actor=actor)
    desk.edit(Contact.objects.get(email="p1@acme.test"), title="CEO")
    mirror.edit("people", people[2], title="CTO")
    pull(connection, "people")
    work()
    assert mirror.writes("people") == []
    assert mirror.count("list", "people") == 0

    stream_start(state_of(connection), actor=actor)
    work()

    assert mirror.value("people", people[1], "title") == "CEO"
    assert Contact.objects.get(email="p2@acme.test").title == "CTO"


def test_page_shows_what_is_held_and_its_buttons(
    admin_client: Client,
    connection: Connection,
    mirror: MirrorVendor,
    people: list[str],
    django_assert_max_num_queries: Any,
) -> None:
    emptied(connection, mirror, people, on_their_delete="archive")
    state = state_of(connection)
    address = reverse("hub:stream_detail", args=[state.pk])

    with django_assert_max_num_queries(26):
        page = admin_client.get(address).content.decode()
    assert "Gone at the vendor: 30" in page
    assert "P1" in page
    assert "Stop syncing" in page

    admin_client.post(reverse("hub:stream_act", args=[state.pk]), {"act": "go-on"})
    work()

    assert Contact.objects.filter(archived_at=None).count() == 0
    assert "waits for you" not in admin_client.get(address).content.decode()


def test_members_see_a_stream_but_decide_nothing(
    sales_client: Client, admin_client: Client, connection: Connection
) -> None:
    state = state_of(connection)
    hold(state, "Look at this.")
    act = reverse("hub:stream_act", args=[state.pk])

    page = sales_client.get(reverse("hub:stream_detail", args=[state.pk]))

    assert page.status_code == 200
    assert 'value="go-on"' not in page.content.decode()
    assert sales_client.post(act, {"act": "go-on"}).status_code == 403
    assert "choose one" in admin_client.post(act, {"act": "x"}, follow=True).content.decode()


def test_reconnected_connection_tells_again_what_waits_for_a_decision(
    connection: Connection, mirror: MirrorVendor, people: list[str], actor: User
) -> None:
    emptied(connection, mirror, people, on_their_delete="archive")
    connection.refresh_from_db()
    connection_disconnect(connection, actor=None)
    assert not Alert.objects.filter(kind="sync_held", status="open").exists()

    credentials_replace(connection, credentials={"api_key": API_KEY}, actor=actor)

    assert state_of(connection).hold_reason
    alert = Alert.objects.get(kind="sync_held", status="open")
    assert "30 of 30 people are gone" in alert.message


def test_started_stream_tells_again_what_waits_for_a_decision(
    connection: Connection, mirror: MirrorVendor, people: list[str], actor: User
) -> None:
    emptied(connection, mirror, people, on_their_delete="archive")
    stream_stop(state_of(connection), actor=actor)

    stream_start(state_of(connection), actor=actor)

    assert state_of(connection).hold_reason
    assert Alert.objects.filter(kind="sync_held", status="open").count() == 1


def test_alert_of_a_held_stream_ends_with_its_connection(connection: Connection) -> None:
    hold(state_of(connection), "Look at this.")
    connection_alert(connection, JOB_LOST, "An invoice was not sent.", cause="refused")

    connection_disconnect(connection, actor=None)

    still_open = Alert.objects.exclude(status="resolved").values_list("kind", flat=True)
    assert list(still_open) == [JOB_LOST]
