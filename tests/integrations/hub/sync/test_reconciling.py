"""The comparison of a whole stream: what is counted as a gap, what is mended, and what is green."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from crm.models import Contact
from integrations.hub import registry
from integrations.hub.errors import Conflict
from integrations.hub.health import stream_health
from integrations.hub.models import (
    Connection,
    QuarantinedItem,
    RunKind,
    RunStatus,
    SyncJob,
    SyncRecord,
    SyncRun,
    SyncStage,
    SyncState,
)
from integrations.hub.sync.holds import hold
from integrations.hub.sync.reconciling import (
    reconcile_now,
    reconcile_start,
    reconcile_sweep,
    reconcile_work,
)
from tests.integrations.hub.mirror import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk, quiesce, work

pytestmark = pytest.mark.django_db(transaction=True)


def state_of(connection: Connection) -> SyncState:
    rows = SyncState.objects.select_related("connection__workspace")
    return rows.get(connection=connection, object="people")


@pytest.fixture
def people(connection: Connection, mirror: MirrorVendor) -> list[str]:
    ids = [
        mirror.add("people", email=f"p{n}@acme.test", last_name=f"P{n}", status="new")
        for n in range(4)
    ]
    quiesce(connection, mirror)
    return ids


def compared(connection: Connection, **more: bool) -> dict[str, int]:
    """What is not in step, by sort."""
    run = reconcile_now(state_of(connection), **more)
    return {name: count for name, count in run.details["counts"].items() if count}


def quietly_changed(mirror: MirrorVendor, id: str, **values: Any) -> None:
    """A change that no listing by time ever shows."""
    mirror.get("people", id).values.update(values)


def test_all_in_step_is_a_hundred_per_cent_and_green(
    connection: Connection, people: list[str]
) -> None:
    assert compared(connection) == {"same": 4}

    state = state_of(connection)
    assert state.coverage["percent"] == 100
    assert stream_health(state).is_green


def test_missing_here_is_found_and_mended(
    connection: Connection, mirror: MirrorVendor, people: list[str]
) -> None:
    SyncRecord.objects.filter(external_id=people[0]).delete()
    Contact.objects.filter(email="p0@acme.test").delete()

    assert compared(connection) == {"same": 3, "missing_here": 1}
    assert not stream_health(state_of(connection)).is_green
    compared(connection, is_repair=True)
    work()

    assert Contact.objects.filter(email="p0@acme.test").exists()
    assert compared(connection) == {"same": 4}


def test_missing_there_is_found_and_mended(
    connection: Connection, mirror: MirrorVendor, people: list[str], desk: Desk
) -> None:
    desk.make("contact", email="ours@acme.test", last_name="Ours")
    SyncJob.objects.all().delete()

    assert compared(connection) == {"same": 4, "missing_there": 1}
    compared(connection, is_repair=True)
    work()

    assert mirror.makes("people") == 1
    assert compared(connection) == {"same": 5}


def test_thing_that_vanished_there_is_missing_there(
    connection: Connection, mirror: MirrorVendor, people: list[str]
) -> None:
    del mirror.tables.things["people"][people[0]]

    assert compared(connection) == {"same": 3, "missing_there": 1}


def test_difference_is_found_with_its_fields_and_mended(
    connection: Connection, mirror: MirrorVendor, people: list[str]
) -> None:
    quietly_changed(mirror, people[1], title="CEO")

    run = reconcile_now(state_of(connection))
    assert run.status == RunStatus.PARTIAL
    [sample] = run.details["samples"]["differing"]
    assert (sample["external_id"], sample["fields"]) == (people[1], ["title"])
    assert Contact.objects.get(email="p1@acme.test").title == ""
    compared(connection, is_repair=True)
    work()

    assert Contact.objects.get(email="p1@acme.test").title == "CEO"


def test_what_was_set_aside_or_waits_is_counted_apart(
    connection: Connection, mirror: MirrorVendor, people: list[str], desk: Desk
) -> None:
    strange = mirror.add("people", email="x@acme.test", last_name="X")
    QuarantinedItem.objects.create(
        connection=connection, object="people", external_id=strange, code="x", message="Odd."
    )
    desk.edit(Contact.objects.get(email="p1@acme.test"), title="CEO")

    assert compared(connection) == {"same": 3, "quarantined": 1, "pending": 1}
    assert "1 set aside." in stream_health(state_of(connection)).reasons


def test_difference_that_both_sides_are_left_with_is_no_gap(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.add("people", email="p@acme.test", last_name="P")
    quiesce(connection, mirror)

    # Ours has a lifecycle by itself, theirs has none.
    assert compared(connection) == {"accepted": 1}
    assert state_of(connection).coverage["percent"] == 100


def test_tombstone_is_left_alone(
    connection: Connection, mirror: MirrorVendor, people: list[str], desk: Desk
) -> None:
    desk.archive(Contact.objects.get(email="p1@acme.test"))
    work()

    assert compared(connection) == {"same": 3, "unlinked": 1}
    assert state_of(connection).coverage["percent"] == 100


@pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)
def test_stream_without_single_reads_is_mended_from_the_listing(
    connection: Connection, mirror: MirrorVendor, people: list[str]
) -> None:
    quietly_changed(mirror, people[1], title="CEO")

    compared(connection, is_repair=True)
    work()

    assert Contact.objects.get(email="p1@acme.test").title == "CEO"
    assert Contact.objects.filter(archived_at=None).count() == 4


def test_comparison_goes_on_in_slices(
    connection: Connection, mirror: MirrorVendor, people: list[str]
) -> None:
    mirror.rules.page_size = 1
    run = reconcile_start(state_of(connection))

    slices = 1
    while reconcile_work(run.pk, budget_seconds=0):
        slices += 1

    run.refresh_from_db()
    assert run.status == RunStatus.SUCCESS
    assert run.details["counts"]["same"] == 4
    assert slices > 4


def test_vendor_in_trouble_is_asked_again_by_the_tick(
    connection: Connection, mirror: MirrorVendor, people: list[str], settings: Any
) -> None:
    settings.SYNC_RECONCILE_HOUR = (timezone.now().hour + 2) % 24
    mirror.script.append(Trouble("list", status=500))
    run = reconcile_start(state_of(connection))

    assert not reconcile_work(run.pk)
    run.refresh_from_db()
    assert (run.status, bool(run.error)) == (RunStatus.RUNNING, True)
    assert reconcile_sweep() == 1
    reconcile_work(run.pk)

    run.refresh_from_db()
    assert run.status == RunStatus.SUCCESS


def test_night_compares_each_live_stream_once(connection: Connection, settings: Any) -> None:
    SyncState.objects.filter(connection=connection, object="companies").update(stage=SyncStage.NEW)
    settings.SYNC_RECONCILE_HOUR = (timezone.now().hour + 2) % 24
    assert reconcile_sweep() == 0
    settings.SYNC_RECONCILE_HOUR = timezone.now().hour

    reconcile_sweep()
    reconcile_sweep()

    run = SyncRun.objects.get(kind=RunKind.RECONCILE)
    assert run.object == "people"


def test_stream_that_is_not_live_is_not_compared(connection: Connection) -> None:
    SyncState.objects.filter(connection=connection).update(stage=SyncStage.NEW)

    with pytest.raises(Conflict):
        reconcile_start(state_of(connection))


def test_gap_hold_and_error_are_never_green(connection: Connection, people: list[str]) -> None:
    assert stream_health(state_of(connection)).label == "Not compared yet"
    compared(connection)
    SyncState.objects.filter(connection=connection).update(last_error="The vendor is away.")
    assert stream_health(state_of(connection)).tone == "err"
    SyncState.objects.filter(connection=connection).update(last_error="")
    hold(state_of(connection), "Look at this.")

    assert stream_health(state_of(connection)).label == "Waits for you"


def test_command_compares_and_says_so_in_json(
    connection: Connection, mirror: MirrorVendor, people: list[str]
) -> None:
    quietly_changed(mirror, people[1], title="CEO")
    said = StringIO()

    with pytest.raises(SystemExit):
        call_command(
            "reconcile",
            "--connection",
            str(connection.pk),
            "--object",
            "people",
            "--json",
            stdout=said,
        )

    [line] = json.loads(said.getvalue())
    assert (line["object"], line["percent"], line["counts"]["differing"]) == ("people", 75.0, 1)


def test_command_mends_on_request(
    connection: Connection, mirror: MirrorVendor, people: list[str]
) -> None:
    quietly_changed(mirror, people[1], title="CEO")

    with pytest.raises(SystemExit):
        call_command("reconcile", "--connection", str(connection.pk), "--repair")
    work()

    assert Contact.objects.get(email="p1@acme.test").title == "CEO"
    call_command("reconcile", "--connection", str(connection.pk))


def test_comparison_of_a_provider_that_is_gone_is_not_asked_for(
    connection: Connection, people: list[str]
) -> None:
    reconcile_start(state_of(connection))
    assert reconcile_sweep() == 1

    registry.remove("mirror")

    assert reconcile_sweep() == 0
