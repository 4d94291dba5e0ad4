"""The end of a pull: in slices, done again where it failed, and never by listing anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.models import Contact, User
from integrations.hub.models import (
    BreakerState,
    Connection,
    LinkState,
    RunKind,
    RunStatus,
    SyncRecord,
    SyncRun,
    SyncState,
)
from integrations.hub.sync import pulls
from integrations.hub.sync.holds import hold, hold_go_on
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import pull, streams_due, time_passes, work

pytestmark = pytest.mark.django_db(transaction=True)


def linked(connection: Connection, mirror: MirrorVendor, count: int) -> list[str]:
    mirror.rules.page_size = 50
    ids = [mirror.add("people", email=f"p{number}@acme.test") for number in range(count)]
    pull(connection)
    SyncState.objects.update(is_guard_waived=False)
    mirror.forget_calls()
    return ids


def people(connection: Connection) -> SyncState:
    rows = SyncState.objects.select_related("connection__workspace")
    return rows.get(connection=connection, object="people")


def test_end_that_failed_is_done_again_without_listing_anew(
    connection: Connection, mirror: MirrorVendor
) -> None:
    ids = linked(connection, mirror, 120)
    mirror.rules.lists_deleted = False
    mirror.remove("people", ids[0])
    mirror.script = [Trouble("read", status=503)]

    pull(connection, "people", is_full=True)
    time_passes(70)
    work()

    assert mirror.count("list", "people") == 3
    assert SyncRecord.objects.get(external_id=ids[0]).state == LinkState.TOMBSTONE
    run = SyncRun.objects.filter(object="people").latest("pk")
    assert (run.status, run.total) == (RunStatus.SUCCESS, 119)
    assert people(connection).run_cursor is None


def test_very_many_deletions_are_settled_slice_by_slice(
    connection: Connection, mirror: MirrorVendor, actor: User
) -> None:
    ids = linked(connection, mirror, 250)
    SyncState.objects.update(on_their_delete="archive")
    for id in ids:
        mirror.remove("people", id)
    pull(connection)
    assert people(connection).hold_reason
    hold_go_on(people(connection), actor=actor)
    streams_due(connection, "people", is_full=True)

    slices, listed = [], mirror.count("list", "people")
    while Contact.objects.filter(archived_at=None).exists() and len(slices) < 20:
        # Time is always up: each turn does the least it can.
        pulls.turn(connection.pk, seconds=0)
        slices.append(Contact.objects.filter(archived_at=None).count())

    assert slices[-4:] == [250, 150, 50, 0]
    assert mirror.count("list", "people") - listed == 5


def test_hiccups_between_pages_do_not_add_up(connection: Connection, mirror: MirrorVendor) -> None:
    linked(connection, mirror, 14)
    mirror.rules.page_size = 1
    pages: list[int] = []

    def after_each_page(kind: str, body: object) -> Trouble | None:
        """Every other page is refused once."""
        pages.append(len(pages))
        return Trouble(status=503) if len(pages) % 3 == 0 else None

    mirror.always = after_each_page
    streams_due(connection, "people", is_full=True)
    while people(connection).is_full_wanted and len(pages) < 60:
        pulls.turn(connection.pk)
        streams_due(connection, "people")

    assert not SyncRun.objects.filter(status=RunStatus.FAILED).exists()
    assert SyncRun.objects.filter(kind=RunKind.FULL).latest("pk").total == 14
    connection.refresh_from_db()
    assert connection.breaker_state == BreakerState.CLOSED


def test_turn_that_asked_nobody_tells_nothing_of_the_vendor(
    connection: Connection, mirror: MirrorVendor
) -> None:
    linked(connection, mirror, 1)
    Connection.objects.update(last_success_at=None)
    state = people(connection)
    run = SyncRun.objects.filter(object="people").latest("pk")
    kept = {"run": run.pk, "is_full": False, "since": None, "started": run.started_at.isoformat()}
    end = {"page": None, "newest": None, "end": {"part": "gone", "after": 0}}
    SyncRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING)
    SyncState.objects.filter(pk=state.pk).update(run_cursor={**kept, **end})
    streams_due(connection, "people")

    pulls.turn(connection.pk)

    assert people(connection).run_cursor is None
    connection.refresh_from_db()
    assert connection.last_success_at is None


def test_go_on_while_a_pull_is_at_work_holds_for_the_next_pull(
    connection: Connection, mirror: MirrorVendor, actor: User
) -> None:
    linked(connection, mirror, 1)

    def somebody_decides(kind: str, body: object) -> None:
        """Another worker stops the stream while the vendor answers, and a person lets it go on."""
        if kind == "list":
            hold(people(connection), "Look at this.")
            hold_go_on(people(connection), actor=actor)

    mirror.always = somebody_decides
    streams_due(connection, "people")
    pulls.turn(connection.pk)
    mirror.always = None

    assert people(connection).is_guard_waived
    pull(connection, "people")
    assert not people(connection).is_guard_waived


def test_pull_that_fails_as_the_breakers_probe_prolongs_the_outage(
    connection: Connection, mirror: MirrorVendor
) -> None:
    linked(connection, mirror, 1)
    past = timezone.now() - timedelta(seconds=1)
    Connection.objects.update(breaker_state="open", breaker_seconds=30, gate_until=past)
    mirror.script = [Trouble("list", status=503)]
    streams_due(connection, "people")

    pulls.turn(connection.pk)

    connection.refresh_from_db()
    assert connection.breaker_seconds == 60
    assert connection.gate_until is not None
    assert connection.gate_until > timezone.now() + timedelta(seconds=50)
