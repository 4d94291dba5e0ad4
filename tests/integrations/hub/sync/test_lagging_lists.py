"""Lists whose index lags behind: they show old values, which are no change of theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from crm.models import Change, Contact
from integrations.hub.models import Connection, SyncConflict, SyncJob, SyncRecord
from integrations.hub.sync import pulls
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import (
    Desk,
    deliver,
    ours_of,
    pull,
    quiesce,
    streams_due,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 30


def titles_of(contact: Contact) -> list[object]:
    """What the title has been changed to, oldest first."""
    changes = Change.objects.filter(record_type="contact", record_id=contact.pk).order_by("pk")
    return [change.diff["title"][1] for change in changes if "title" in change.diff]


@pytest.fixture(params=["exact", "whole days", "none"])
def told_times(request: pytest.FixtureRequest, mirror: MirrorVendor) -> str:
    """How exactly the vendor says when a thing was written."""
    if request.param == "whole days":
        mirror.rules.resolution = timedelta(days=1)
    mirror.rules.has_times = request.param != "none"
    return str(request.param)


@pytest.mark.parametrize("is_full", [True, False])
def test_list_that_lags_behind_our_write_undoes_nothing(
    connection: Connection,
    mirror: MirrorVendor,
    told_times: str,
    contact: Contact,
    person: str,
    desk: Desk,
    is_full: bool,
) -> None:
    mirror.tables.lists_stand_still()
    desk.edit(contact, title="CEO")
    work()
    assert mirror.value("people", person, "title") == "CEO"

    pull(connection, is_full=is_full)

    assert titles_of(contact) == ["CEO"]
    mirror.tables.lists_catch_up()
    quiesce(connection, mirror)
    assert (titles_of(contact), mirror.value("people", person, "title")) == (["CEO"], "CEO")
    hub_check(connection, mirror, desk)


def test_list_that_lags_beats_no_edit_of_ours(
    connection: Connection,
    mirror: MirrorVendor,
    told_times: str,
    contact: Contact,
    person: str,
    desk: Desk,
) -> None:
    mirror.tables.lists_stand_still()
    desk.edit(contact, title="CEO")
    work()
    pull(connection, is_full=True)

    desk.edit(contact, title="CTO")
    pull(connection, is_full=True)
    work()
    mirror.tables.lists_catch_up()
    quiesce(connection, mirror)

    assert (titles_of(contact), mirror.value("people", person, "title")) == (["CEO", "CTO"], "CTO")
    assert not SyncConflict.objects.exists()


def test_list_that_lags_behind_a_web_hook_sets_nothing_back(
    connection: Connection, mirror: MirrorVendor, told_times: str, contact: Contact, person: str
) -> None:
    mirror.tables.lists_stand_still()
    mirror.edit("people", person, title="CEO")
    deliver(connection, mirror.events_take())
    work()

    pull(connection, is_full=True)

    assert titles_of(contact) == ["CEO"]


def test_edit_that_comes_to_agree_with_an_old_list_is_no_agreement(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mirror.edit("people", person, title="Old")
    pull(connection)
    mirror.tables.lists_stand_still()
    desk.edit(contact, title="New")
    work()
    desk.edit(contact, title="Old")

    # The list comes before the edit's own job.
    streams_due(connection, "people", is_full=True)
    pulls.turn(connection.pk)
    work()

    assert (titles_of(contact), mirror.value("people", person, "title")) == (
        ["Old", "New", "Old"],
        "Old",
    )


def test_edit_there_right_after_our_write_is_taken_from_the_list(
    connection: Connection,
    mirror: MirrorVendor,
    told_times: str,
    contact: Contact,
    person: str,
    desk: Desk,
) -> None:
    desk.edit(contact, title="CEO")
    work()
    mirror.edit("people", person, title="CTO")

    pull(connection, is_full=True)

    assert titles_of(contact) == ["CEO", "CTO"]


def test_old_list_is_believed_once_its_index_must_have_caught_up(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    """Some change things without touching their time."""
    desk.edit(contact, title="CEO")
    work()
    mirror.get("people", person).values["title"] = "CTO"
    SyncRecord.objects.update(folded_at=F("folded_at") - timedelta(minutes=10))

    pull(connection, is_full=True)

    assert titles_of(contact) == ["CEO", "CTO"]


@pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)
def test_list_is_all_there_is_where_the_vendor_cannot_be_asked(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mirror.tables.lists_stand_still()
    desk.edit(contact, title="CEO")
    work()
    pull(connection, is_full=True)
    assert titles_of(contact) == ["CEO"]

    mirror.tables.lists_catch_up()
    mirror.edit("people", person, title="CTO")
    pull(connection, is_full=True)

    assert titles_of(contact) == ["CEO", "CTO"]


def test_pulls_after_one_another_and_after_many_pushes_leave_no_jobs(
    connection: Connection, mirror: MirrorVendor, told_times: str, desk: Desk
) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test") for number in range(MANY)]
    pull(connection, is_full=True)
    for id in ids:
        desk.edit(ours_of(connection, "people", id), title=f"Title {id}")
    work()
    SyncJob.objects.all().delete()

    pull(connection, is_full=True)
    pull(connection, is_full=True)

    assert not SyncJob.objects.exists()


def test_many_old_rows_with_their_times_cost_nothing(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    ids = [mirror.add("people", email=f"p{number}@x.test") for number in range(MANY)]
    pull(connection, is_full=True)
    mirror.tables.lists_stand_still()
    for id in ids:
        desk.edit(ours_of(connection, "people", id), title=f"Title {id}")
    work()
    SyncJob.objects.all().delete()

    pull(connection, is_full=True)

    assert not SyncJob.objects.exists()
    assert all(ours_of(connection, "people", id).title == f"Title {id}" for id in ids)
