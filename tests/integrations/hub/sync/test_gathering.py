"""Short pages of a first listing share a commit; nothing is lost by it, and the guard looks on."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from crm.models import Contact
from integrations.hub.models import Connection, SyncRun, SyncState
from integrations.hub.streams import Page, RemoteRecord
from integrations.hub.sync.gathering import gathered
from integrations.hub.sync.remote import database_now
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import pull, time_passes

pytestmark = pytest.mark.django_db(transaction=True)


def people_add(mirror: MirrorVendor, count: int) -> list[str]:
    return [
        mirror.add("people", email=f"p{number}@x.test", first_name=f"P{number}")
        for number in range(count)
    ]


def pages_asked(mirror: MirrorVendor) -> int:
    return sum(one.object == "people" and one.kind == "list" for one in mirror.calls)


def links_made(queries: CaptureQueriesContext) -> int:
    return sum("INSERT INTO hub_syncrecord" in one["sql"] for one in queries.captured_queries)


def test_first_page_is_stored_alone_and_the_short_ones_after_it_together(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.rules.page_size = 2
    people_add(mirror, 12)

    with CaptureQueriesContext(database) as queries:
        pull(connection, "people")

    assert Contact.objects.count() == 12
    assert links_made(queries) == 2
    run = SyncRun.objects.get(object="people")
    assert (run.requests, run.created) == (pages_asked(mirror), 12)
    hub_check(connection, mirror)


def test_pages_before_the_one_that_failed_are_kept(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.rules.page_size = 2
    people_add(mirror, 12)

    def fails_after_four(kind: str, body: Any) -> Trouble | None:
        return Trouble(status=500) if pages_asked(mirror) >= 4 else None

    mirror.always = fails_after_four
    pull(connection, "people")

    state = SyncState.objects.get(object="people")
    kept = Contact.objects.count()
    assert kept == 8
    assert state.last_error
    mirror.always = None
    mirror.forget_calls()
    time_passes(3600)
    pull(connection, "people")

    assert Contact.objects.count() == 12
    assert pages_asked(mirror) == (12 - kept) // 2
    hub_check(connection, mirror)


def test_guard_stops_a_run_that_overwrites_before_it_reads_many_pages(
    connection: Connection, mirror: MirrorVendor
) -> None:
    """Though its first pages overwrite nothing."""
    ids = people_add(mirror, 300)
    pull(connection, "people")
    for one in ids[40:]:
        mirror.edit("people", one, title="CEO")
    mirror.rules.page_size = 20

    pull(connection, "people", is_full=True)

    state = SyncState.objects.get(object="people")
    assert "overwritten" in state.hold_reason
    assert Contact.objects.filter(title="CEO").count() <= 120


def test_each_record_has_the_time_at_which_its_own_page_was_asked_for() -> None:
    looked: list[datetime] = []

    def read(cursor: Any) -> Page:
        looked.append(database_now())
        more = {"after": len(looked)} if len(looked) < 3 else None
        return Page([RemoteRecord(f"r{len(looked)}")], more)

    found = gathered(read, None, enough=500, until=time.monotonic() + 60)

    asked = [found.asked_at[f"r{number}"] for number in (1, 2, 3)]
    assert found.began_at < asked[0] < looked[0] < asked[1] < looked[1] < asked[2] < looked[2]
