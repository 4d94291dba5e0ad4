"""What streams make up for after they were out of service, or sent nothing, for a while."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm.models import Contact, User
from crm.services.origin import by_user
from integrations.hub.connections import connection_disconnect, credentials_replace
from integrations.hub.jobs import job_replay
from integrations.hub.models import (
    Connection,
    ConnectionState,
    JobState,
    LinkState,
    RunStatus,
    SyncJob,
    SyncRecord,
    SyncRun,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.reconnection import back_note
from integrations.hub.sync import pulls
from integrations.hub.sync.holds import hold, hold_go_on, stream_start, stream_stop
from integrations.hub.sync.missed import missed_sweep, ours_archived
from integrations.hub.sync.scene import scene_of
from integrations.hub.sync.steering import stream_configure
from tests import factories
from tests.integrations.hub.mirror_vendor import API_KEY, MirrorVendor, Trouble
from tests.integrations.hub.sync.lateness import passed_by
from tests.integrations.hub.sync.world import Desk, pull, quiesce, streams_due, time_passes, work

pytestmark = pytest.mark.django_db(transaction=True)
Act = Callable[[SyncState, User], None]


@pytest.fixture
def actor(connection: Connection) -> User:
    return factories.membership_make(connection.workspace).user


def people_of(connection: Connection) -> SyncState:
    states = SyncState.objects.select_related("connection__workspace")
    return states.get(connection=connection, object="people")


def test_archived_ones_are_found_by_their_key_however_little_the_server_knows_of_its_tables(
    connection: Connection, contact: Contact
) -> None:
    """As after a first pull: joined by chance, each link would cost a look at all records."""
    plan = ours_archived(scene_of(people_of(connection))).explain()

    assert "SubPlan" in plan
    assert "Join" not in plan
    assert "Nested Loop" not in plan


def hiccup(mirror: MirrorVendor, desk: Desk, contact: Contact) -> None:
    """Compared and not sent: its job waits for another try."""
    mirror.script.append(Trouble("write", status=503))
    desk.edit(contact, title="Countess")
    pump(0)
    assert SyncJob.objects.filter(state=JobState.READY, attempts=1).exists()


def switched(state: SyncState, actor: User) -> None:
    stream_stop(state, actor=actor)
    work()
    stream_start(people_of(state.connection), actor=actor)


def held(state: SyncState, actor: User) -> None:
    hold(state, "Too many.")
    work()
    hold_go_on(people_of(state.connection), actor=actor)


@pytest.mark.parametrize("act", [switched, held])
@pytest.mark.parametrize("direction", ["both", "push"])
def test_edit_that_was_on_its_way_is_sent_once_its_stream_is_back(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    actor: User,
    act: Act,
    direction: str,
) -> None:
    passed_by(connection, mirror)
    SyncState.objects.filter(object="people").update(direction=direction)
    hiccup(mirror, desk, contact)

    act(people_of(connection), actor)
    work()

    assert mirror.value("people", person, "title") == "Countess"


def test_dead_job_that_is_tried_while_its_stream_waits_is_sent_later(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    actor: User,
) -> None:
    passed_by(connection, mirror)
    mirror.script.append(Trouble("write", status=422))
    desk.edit(contact, title="Countess")
    pump(0)
    hold(people_of(connection), "Too many.")
    job_replay(SyncJob.objects.get(state=JobState.DEAD), actor=actor)
    work()

    hold_go_on(people_of(connection), actor=actor)
    work()

    assert mirror.value("people", person, "title") == "Countess"


def test_what_died_of_an_outage_is_sent_after_a_reconnect(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    quiesce(connection, mirror)
    SyncState.objects.filter(object="people").update(direction="push")
    hiccup(mirror, desk, contact)
    waiting = SyncJob.objects.filter(state=JobState.READY)
    waiting.update(state=JobState.DEAD, reason="transient")
    connection_disconnect(connection, actor=None)
    connection.refresh_from_db()

    credentials_replace(connection, credentials={"api_key": API_KEY}, actor=None)
    work()

    assert mirror.value("people", person, "title") == "Countess"


def half_listed(connection: Connection, mirror: MirrorVendor) -> None:
    """A whole listing has passed the first person's page."""
    mirror.rules.lists_deleted = False
    mirror.rules.page_size = 1
    for number in range(3):
        mirror.add("people", email=f"p{number}@acme.test", last_name="P")
    quiesce(connection, mirror)
    streams_due(connection, "people", is_full=True)
    SyncState.objects.filter(object="companies").update(next_run_at="2062-01-01T00:00:00Z")
    pulls.turn(connection.pk, seconds=0)
    cursor = people_of(connection).run_cursor
    assert cursor
    assert cursor["page"]


def reconnected(state: SyncState, actor: User) -> None:
    connection_disconnect(state.connection, actor=actor)
    state.connection.refresh_from_db()
    credentials_replace(state.connection, credentials={"api_key": API_KEY}, actor=actor)


@pytest.mark.parametrize("act", [reconnected, switched])
def test_half_read_listing_is_begun_anew(
    connection: Connection, mirror: MirrorVendor, person: str, actor: User, act: Act
) -> None:
    half_listed(connection, mirror)
    mirror.remove("people", person)
    mirror.events_take()

    act(people_of(connection), actor)
    work()

    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE
    assert not SyncRun.objects.filter(status=RunStatus.RUNNING).exists()


def test_whoever_is_killed_after_a_reconnect_leaves_it_noted(
    connection: Connection, mirror: MirrorVendor, person: str
) -> None:
    quiesce(connection, mirror)
    mirror.rules.lists_deleted = False
    connection_disconnect(connection, actor=None)
    mirror.remove("people", person)
    mirror.events_take()
    Connection.objects.update(state=ConnectionState.PAUSED)
    connection.refresh_from_db()
    back_note(connection)

    credentials_replace(connection, credentials={"api_key": API_KEY}, actor=None)
    work()

    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE


@pytest.mark.parametrize("direction", ["both", "push"])
def test_what_was_done_here_while_nothing_was_sent_is_sent_after_it(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    actor: User,
    direction: str,
) -> None:
    passed_by(connection, mirror)
    origin = by_user(actor)
    stream_configure(people_of(connection), values={"direction": "pull"}, origin=origin)
    desk.edit(contact, title="Countess")
    desk.make("contact", last_name="Hopper", email="grace@acme.test")
    work()

    stream_configure(people_of(connection), values={"direction": direction}, origin=origin)
    time_passes(400)
    missed_sweep()
    work()

    assert "grace@acme.test" in [one.values["email"] for one in mirror.live("people")]
    assert mirror.value("people", person, "title") == "Countess"


@pytest.mark.parametrize("policy", ["delete", "leave"])
@pytest.mark.parametrize("act", [reconnected, switched, held])
def test_what_was_archived_here_meanwhile_is_dealt_with(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    actor: User,
    act: Act,
    policy: str,
) -> None:
    SyncState.objects.filter(object="people").update(on_our_delete=policy)
    state = people_of(connection)
    SyncState.objects.filter(pk=state.pk).update(is_enabled=False)
    desk.archive(contact)
    work()
    SyncState.objects.filter(pk=state.pk).update(is_enabled=True)

    act(state, actor)
    work()

    assert SyncRecord.objects.get(external_id=person).state == LinkState.TOMBSTONE
    assert bool(mirror.live("people")) is (policy == "leave")


def test_what_was_archived_here_is_dealt_with_by_a_whole_listing_at_last(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    """Whoever was to make up for it was killed."""
    SyncState.objects.filter(object="people").update(on_our_delete="delete", is_enabled=False)
    desk.archive(contact)
    work()
    SyncState.objects.filter(object="people").update(is_enabled=True)

    pull(connection, is_full=True)
    work()

    assert not mirror.live("people")
