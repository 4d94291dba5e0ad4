"""What may take no more with it than itself: a mass edit told by web-hook, a bad item, a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError

from crm.models import Contact, User
from integrations.hub import registry
from integrations.hub.models import (
    Connection,
    JobKind,
    JobState,
    RunKind,
    RunStatus,
    SyncJob,
    SyncRun,
    SyncState,
)
from integrations.hub.streams import Page, PullRequest, RemoteRecord, Stream
from integrations.hub.sync.counting import run_of_hour
from integrations.hub.sync.guards import overwrites_check
from integrations.hub.sync.holds import hold_go_on
from integrations.hub.sync.inbound import inbound_batch
from integrations.hub.sync.scene import scene_of
from integrations.hub.sync.undoing import is_undoable
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.refusing import rows_refused
from tests.integrations.hub.sync.world import deliver, pull, work

pytestmark = pytest.mark.django_db(transaction=True)


def test_mass_edit_told_by_web_hook_stops_and_can_be_undone(
    connection: Connection, mirror: MirrorVendor, actor: User
) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test", title="Old") for number in range(230)]
    pull(connection)
    SyncState.objects.update(is_guard_waived=False)
    mirror.events_take()
    for id in ids:
        mirror.edit("people", id, title="Wrong")

    deliver(connection, mirror.events_take())
    work()

    state = SyncState.objects.get(connection=connection, object="people")
    assert "overwritten" in state.hold_reason
    assert Contact.objects.filter(title="Old").exists()
    run = SyncRun.objects.get(connection=connection, object="people", kind=RunKind.INBOX)
    assert run.updated > 100
    assert is_undoable(run)


def test_stream_that_goes_on_after_a_mass_edit_does_not_stop_with_the_next_event(
    connection: Connection, mirror: MirrorVendor, actor: User
) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test", title="Old") for number in range(230)]
    pull(connection)
    mirror.events_take()
    for id in ids:
        mirror.edit("people", id, title="Meant")
    deliver(connection, mirror.events_take())
    work()
    held = SyncRun.objects.get(object="people", kind=RunKind.INBOX, status=RunStatus.HELD)

    hold_go_on(people_of(connection), actor=actor)
    work()
    mirror.edit("people", ids[0], title="Again")
    deliver(connection, mirror.events_take())
    work()

    state = people_of(connection)
    assert (state.hold_reason, state.is_guard_waived) == ("", False)
    assert Contact.objects.filter(title="Meant").count() == 229
    assert Contact.objects.filter(title="Again").count() == 1
    line = SyncRun.objects.filter(object="people", kind=RunKind.INBOX).latest("pk")
    assert line.pk > held.pk
    assert line.updated == 1
    held.refresh_from_db()
    assert (held.status, is_undoable(held)) == (RunStatus.SUCCESS, True)


def test_events_that_a_person_let_through_count_no_more_when_that_is_over(
    connection: Connection, mirror: MirrorVendor
) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test", title="Old") for number in range(130)]
    pull(connection)
    mirror.events_take()
    SyncState.objects.update(is_guard_waived=True)
    for id in ids:
        mirror.edit("people", id, title="Meant")
    deliver(connection, mirror.events_take())
    work()
    assert SyncRun.objects.get(object="people", kind=RunKind.INBOX).updated == 130
    pull(connection)
    assert not people_of(connection).is_guard_waived

    mirror.edit("people", ids[0], title="Again")
    deliver(connection, mirror.events_take())
    work()

    assert people_of(connection).hold_reason == ""
    assert SyncRun.objects.filter(object="people", kind=RunKind.INBOX).latest("pk").updated == 1


def test_batch_that_changes_nothing_stops_no_stream(
    connection: Connection, mirror: MirrorVendor
) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test") for number in range(3)]
    pull(connection)
    mirror.events_take()
    run = run_of_hour(people_of(connection), RunKind.INBOX)
    SyncRun.objects.filter(pk=run.pk).update(updated=5000)

    inbound_batch(connection, "people", ids)

    assert people_of(connection).hold_reason == ""


def people_of(connection: Connection) -> SyncState:
    rows = SyncState.objects.select_related("connection__workspace")
    return rows.get(connection=connection, object="people")


def breaking(stream: Stream, bad: str) -> Stream:
    """The stream over a vendor whose answer about one thing nobody can read."""

    def read(
        connection: Connection, ids: Sequence[str], fields: Sequence[str]
    ) -> Sequence[RemoteRecord]:
        if bad in ids:
            raise ZeroDivisionError("an answer that nobody can read")
        assert stream.read is not None
        return stream.read(connection, ids, fields)

    return replace(stream, read=read)


def test_one_item_that_nobody_can_read_stops_no_other(
    connection: Connection, mirror: MirrorVendor
) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test") for number in range(5)]
    pull(connection)
    mirror.events_take()
    for id in ids:
        mirror.edit("people", id, title="New")
    declared = registry.get("mirror")
    streams = tuple(
        breaking(one, ids[2]) if one.object == "people" else one for one in declared.streams
    )
    registry.remove("mirror")
    registry.add(replace(declared, streams=streams))

    deliver(connection, mirror.events_take())
    work()

    assert Contact.objects.filter(title="New").count() == 4
    waiting = SyncJob.objects.filter(kind=JobKind.INBOUND).exclude(state=JobState.DONE)
    assert list(waiting.values_list("external_id", flat=True)) == [ids[2]]


def dated(stream: Stream) -> Stream:
    """The stream over a vendor with a clock that is wrong once: all that it lists is of 2099."""

    def pull_dated(connection: Connection, request: PullRequest) -> Page:
        assert stream.pull is not None
        page = stream.pull(connection, request)
        future = datetime(2099, 1, 1, tzinfo=UTC)
        return replace(page, records=[replace(one, modified_at=future) for one in page.records])

    return replace(stream, pull=pull_dated)


def test_record_dated_in_the_future_hides_nothing(
    connection: Connection, mirror: MirrorVendor, person: str
) -> None:
    declared = registry.get("mirror")
    registry.remove("mirror")
    registry.add(replace(declared, streams=tuple(map(dated, declared.streams))))
    mirror.edit("people", person, title="Countess")

    pull(connection)

    assert Contact.objects.get().title == "Countess"
    state = SyncState.objects.get(connection=connection, object="people")
    assert datetime.fromisoformat(state.cursor["at"]).year < 2099


def test_line_is_closed_only_with_the_stream_that_it_stops(
    connection: Connection,
) -> None:
    """Else the stream would go on, and count anew in another line."""
    run = SyncRun.objects.create(
        connection=connection,
        object="people",
        kind=RunKind.INBOX,
        status=RunStatus.SUCCESS,
        updated=500,
    )
    scene = scene_of(people_of(connection))

    with rows_refused("hub_syncstate", "NEW.hold_reason <> ''"), pytest.raises(DatabaseError):
        overwrites_check(scene, run)

    run.refresh_from_db()
    assert (run.status, people_of(connection).hold_reason) == (RunStatus.SUCCESS, "")
    overwrites_check(scene, run)
    run.refresh_from_db()
    assert (run.status, people_of(connection).hold_reason != "") == (RunStatus.HELD, True)
