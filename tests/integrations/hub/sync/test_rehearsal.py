"""The first look at a stream: what is counted, that nothing is written, and what follows."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Account, Change, Contact, User, Workspace
from integrations.hub.errors import Conflict
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
from integrations.hub.pump import pump
from integrations.hub.sync import pulls
from integrations.hub.sync.rehearsal import (
    rehearsal_dry,
    rehearsal_last,
    rehearsal_leave,
    rehearsal_start,
)
from integrations.hub.sync.states import stream_go_live
from tests import factories
from tests.integrations.hub.mirror import mirror_connection
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk, pull

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection(workspace: Workspace, mirror: MirrorVendor) -> Connection:
    return mirror_connection(workspace, stage=SyncStage.NEW)


@pytest.fixture
def actor(workspace: Workspace) -> User:
    return factories.membership_make(workspace).user


def state_of(connection: Connection, object: str = "people") -> SyncState:
    return SyncState.objects.get(connection=connection, object=object)


def rehearsed(connection: Connection, object: str = "people") -> dict[str, Any]:
    """What the look at one stream found."""
    rehearsal_start(state_of(connection, object), actor=None)
    pump(30)
    run = rehearsal_last(state_of(connection, object))
    assert run is not None
    assert run.status == RunStatus.SUCCESS, run.error
    details: dict[str, Any] = run.details
    return details


def counts(found: dict[str, Any], *names: str) -> list[int]:
    return [found["counts"][name] for name in names]


def test_rehearsal_counts_what_is_new_matched_changed_and_alike(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    mirror.add("people", email="new@acme.test", last_name="New")
    mirror.add("people", email="same@acme.test", last_name="Same")
    mirror.add("people", email="other@acme.test", last_name="Other", title="CEO")
    desk.make("contact", email="same@acme.test", last_name="Same")
    desk.make("contact", email="other@acme.test", last_name="Other")
    desk.make("contact", email="ours@acme.test", last_name="Ours")

    found = rehearsed(connection)

    assert counts(found, "total", "created", "matched", "updated", "made_there") == [3, 1, 2, 1, 1]
    [sample] = found["samples"]["updated"]
    assert sample["fields"] == [{"field": "title", "ours": "", "theirs": "CEO", "winner": "theirs"}]
    [made] = found["samples"]["made_there"]
    assert "Ours" in made["message"]


def test_rehearsal_tells_what_would_be_sent(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    mirror.add("people", email="ada@acme.test", last_name="Byron")
    desk.make("contact", email="ada@acme.test", last_name="Byron", title="CTO")

    found = rehearsed(connection)

    assert counts(found, "matched", "sent", "updated") == [1, 1, 0]
    fields = {one["field"]: one for one in found["samples"]["sent"][0]["fields"]}
    assert (fields["title"]["ours"], fields["title"]["winner"]) == ("CTO", "ours")


def test_rehearsal_tells_what_cannot_be_taken_over(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    mirror.add("companies", domain="nameless.test")

    found = rehearsed(connection, "companies")

    assert counts(found, "total", "failing", "created") == [1, 1, 0]
    assert "name" in found["samples"]["failing"][0]["message"]


def test_rehearsal_meets_doubles_on_different_pages(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    mirror.rules.page_size = 1
    mirror.rules.is_unique = False
    desk.make("contact", email="ada@acme.test", last_name="Byron")
    for _ in range(2):
        mirror.add("people", email="ada@acme.test", last_name="Byron")
        mirror.add("people", email="new@acme.test", last_name="New")

    found = rehearsed(connection)

    assert counts(found, "total", "matched", "created", "duplicate") == [4, 1, 1, 2]


def test_rehearsal_writes_nothing(connection: Connection, mirror: MirrorVendor, desk: Desk) -> None:
    mirror.add("people", email="new@acme.test", last_name="New")
    mirror.add("people", email="ada@acme.test", last_name="Byron", title="CEO")
    mirror.add("people", email="bad", last_name="Bad")
    contact = desk.make("contact", email="ada@acme.test", last_name="Byron")
    changes = Change.objects.filter(record_type="contact").count()

    rehearsed(connection)

    contact.refresh_from_db()
    assert (contact.title, contact.version) == ("", 1)
    assert Contact.objects.count() == 1
    assert Change.objects.filter(record_type="contact").count() == changes
    assert not SyncRecord.objects.exists()
    assert not QuarantinedItem.objects.exists()
    assert not SyncJob.objects.filter(kind="inbound").exists()
    assert mirror.writes() == []


def test_nothing_runs_before_a_person_accepts(
    connection: Connection, mirror: MirrorVendor, desk: Desk, actor: User
) -> None:
    mirror.add("people", email="new@acme.test", last_name="New")
    desk.make("contact", email="ours@acme.test", last_name="Ours")
    rehearsed(connection)
    pump(10)
    state = state_of(connection)
    assert state.stage == SyncStage.REHEARSED
    assert (Contact.objects.count(), mirror.writes()) == (1, [])

    stream_go_live(state, actor=actor)
    pump(30)

    assert Contact.objects.count() == 2
    assert mirror.makes("people") == 1
    assert state_of(connection).accepted_by == actor
    assert Change.objects.filter(record_type="syncstate", record_id=state.pk).exists()


def test_real_run_does_what_was_rehearsed(
    connection: Connection, mirror: MirrorVendor, desk: Desk, actor: User
) -> None:
    mirror.rules.page_size = 2
    for number in range(5):
        mirror.add("people", email=f"p{number}@acme.test", last_name=f"P{number}", title="CEO")
    for number in range(2):
        desk.make("contact", email=f"p{number}@acme.test", last_name=f"P{number}")
    found = rehearsed(connection)

    stream_go_live(state_of(connection), actor=actor)
    pump(30)

    run = SyncRun.objects.get(kind=RunKind.FULL, object="people")
    assert counts(found, "created", "updated", "failing") == [3, 2, 0]
    assert (run.created, run.failed) == (3, 0)
    assert Contact.objects.filter(title="CEO").count() == 5
    assert run.requests == found["forecast"]["read_calls"]


def test_rehearsal_goes_on_where_a_turn_stopped(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.rules.page_size = 1
    for number in range(3):
        mirror.add("people", email=f"p{number}@acme.test", last_name=f"P{number}")
    rehearsal_start(state_of(connection), actor=None)

    pulls.turn(connection.pk, seconds=0)
    pulls.turn(connection.pk, seconds=0)
    assert state_of(connection).stage == SyncStage.REHEARSING
    pump(30)

    run = rehearsal_last(state_of(connection))
    assert run is not None
    assert run.details["counts"]["created"] == 3
    assert mirror.count("list", "people") == 3
    assert SyncRun.objects.filter(kind=RunKind.REHEARSAL).count() == 1


def test_rehearsal_survives_a_vendor_in_trouble(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.add("people", email="ada@acme.test", last_name="Byron")
    mirror.script.append(Trouble("list", status=503))
    rehearsal_start(state_of(connection), actor=None)

    pump(30, until_idle=True)

    assert state_of(connection).stage == SyncStage.REHEARSED


def test_rehearsal_can_be_left_and_done_again(
    connection: Connection, mirror: MirrorVendor, actor: User
) -> None:
    rehearsed(connection)

    rehearsal_leave(state_of(connection), actor=actor)

    assert state_of(connection).stage == SyncStage.NEW
    mirror.add("people", email="ada@acme.test", last_name="Byron")
    assert counts(rehearsed(connection), "created") == [1]


def test_live_stream_is_not_rehearsed_again(connection: Connection) -> None:
    stream_go_live(state_of(connection), actor=None)

    with pytest.raises(Conflict):
        rehearsal_start(state_of(connection), actor=None)


def test_dry_run_looks_at_a_live_stream_and_leaves_it_alone(
    connection: Connection, mirror: MirrorVendor
) -> None:
    SyncState.objects.filter(connection=connection).update(stage=SyncStage.LIVE)
    mirror.add("companies", domain="acme.test", name="Acme")

    run = rehearsal_dry(state_of(connection, "companies"))

    assert run.details["counts"]["created"] == 1
    assert state_of(connection, "companies").stage == SyncStage.LIVE
    assert not Account.objects.exists()


def test_going_live_forgets_where_a_rehearsal_was(
    connection: Connection, mirror: MirrorVendor, actor: User
) -> None:
    state = state_of(connection, "companies")
    kept = {"run": 0, "page": {"after": "2999-01-01T00:00:00+00:00|1"}}
    SyncState.objects.filter(pk=state.pk).update(stage=SyncStage.REHEARSED, run_cursor=kept)
    mirror.add("companies", domain="acme.test", name="Acme")

    stream_go_live(state_of(connection, "companies"), actor=actor)
    pull(connection, "companies")

    assert Account.objects.filter(domain="acme.test").exists()
