"""Pages: all there are by list, what changed by search; caps, equal times, links, archived ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.hub.errors import RateLimited
from integrations.hub.streams import PullRequest, RemoteRecord
from integrations.hubspot.changes import NoProgress, Place, changes_page
from integrations.hubspot.client import BatchInput, ObjectPage
from integrations.hubspot.client.values import object_read
from integrations.hubspot.kinds import KINDS
from tests.integrations.hubspot.keeping import Portal

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LIST, SEARCH = "GET /crm/v3/objects/contacts", "POST /crm/v3/objects/contacts/search"


def made(portal: Portal, count: int, start: int = 0) -> list[str]:
    """Contacts of now."""
    ids: list[str] = []
    for first in range(0, count, 100):
        some = range(start + first, start + min(count, first + 100))
        inputs = [BatchInput({"email": f"p{n}@example.test"}) for n in some]
        ids += [row.id for row in portal.client.objects_create("contacts", inputs).results]
    return ids


def ids_of(records: Sequence[RemoteRecord]) -> set[str]:
    return {one.id for one in records}


# --- All there are ------------------------------------------------------------------------------


def test_first_pull_takes_a_request_for_a_hundred_and_one_for_the_archived(portal: Portal) -> None:
    portal.act("seed", kind="contacts", count="250")
    records: list[RemoteRecord] = []

    calls = portal.calls(lambda: records.extend(portal.pulled("contacts")))

    assert dict(calls) == {LIST: 4}
    assert len(ids_of(records)) == len(records) == 250


def test_list_brings_links_along(portal: Portal) -> None:
    client = portal.client
    (contact,) = made(portal, 1)
    old, primary = (client.object_create("companies", {"name": n}).id for n in ("Old", "New"))
    portal.act("link", kind="contacts", id=contact, to="companies", other=old)
    portal.act("link", kind="contacts", id=contact, to="companies", other=primary)

    page = portal.page("contacts")

    assert page.records[0].values["@companies"] == primary


def test_list_ends_with_the_archived(portal: Portal) -> None:
    kept, gone = made(portal, 2)
    portal.act("delete", kind="contacts", id=gone)

    found = {one.id: one.is_deleted for one in portal.pulled("contacts")}

    assert found == {kept: False, gone: True}


def test_records_tell_time_and_what_went_into_them(portal: Portal) -> None:
    primary, other = made(portal, 2)
    portal.act("merge", kind="contacts", id=primary, other=other)

    (record,) = [one for one in portal.pulled("contacts") if not one.is_deleted]

    assert (record.id, record.former_ids) == (primary, (other,))
    assert record.modified_at is not None
    assert abs(record.modified_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_more_properties_than_an_address_holds_are_read_by_batch(portal: Portal) -> None:
    (contact,) = made(portal, 1)
    many = tuple(f"property_that_nobody_has_{number}" for number in range(600))
    pull = portal.stream("contacts").pull
    assert pull is not None

    page = pull(portal.connection, PullRequest((*many, "email", "@companies")))

    assert [(one.id, one.values["email"]) for one in page.records] == [(contact, "p0@example.test")]


# --- What changed -------------------------------------------------------------------------------


def test_nothing_changed_costs_one_request(portal: Portal) -> None:
    portal.act("seed", kind="contacts", count="300")

    calls = portal.calls(
        lambda: portal.pulled("contacts", datetime.now(UTC) - timedelta(minutes=5))
    )

    assert dict(calls) == {SEARCH: 1}


def test_change_is_found_with_its_links(portal: Portal) -> None:
    portal.act("seed", kind="contacts", count="5")
    (contact,) = made(portal, 1)
    company = portal.client.object_create("companies", {"name": "Ada Ltd"}).id
    portal.act("link", kind="contacts", id=contact, to="companies", other=company)
    since = datetime.now(UTC) - timedelta(minutes=5)
    records: list[RemoteRecord] = []

    calls = portal.calls(lambda: records.extend(portal.pulled("contacts", since)))

    assert [(one.id, one.values["@companies"]) for one in records] == [(contact, company)]
    assert dict(calls) == {SEARCH: 1, "POST /crm/v4/associations/contacts/companies/batch/read": 1}


@pytest.mark.parametrize("kind", ["companies", "deals", "notes", "tasks"])
def test_every_kind_is_found_by_its_own_time(portal: Portal, kind: str) -> None:
    values = {"hs_timestamp": "1795248000000"} if kind in ("notes", "tasks") else {}
    identifier = portal.client.object_create(kind, values).id

    found = portal.pulled(kind, datetime.now(UTC) - timedelta(minutes=5))

    assert [one.id for one in found] == [identifier]


def test_changes_beyond_the_cap_all_come(portal: Portal) -> None:
    portal.act("seed", kind="contacts", count="1300")
    portal.act("search_cap", count="400")

    found = portal.pulled("contacts", LONG_AGO)

    assert len(ids_of(found)) == 1300


def test_more_changes_of_one_time_than_a_search_gives_all_come(portal: Portal) -> None:
    before = made(portal, 50)
    time.sleep(0.002)
    portal.act("freeze_time", on="true")
    same = made(portal, 950, start=1000)
    portal.act("freeze_time", on="false")
    time.sleep(0.002)
    after = made(portal, 50, start=5000)
    portal.act("search_cap", count="400")

    found = portal.pulled("contacts", LONG_AGO)

    assert ids_of(found) == {*before, *same, *after}


@pytest.mark.parametrize("is_of_one_time", [False, True])
def test_row_that_changes_while_pages_are_read_hides_no_other(
    portal: Portal, is_of_one_time: bool
) -> None:
    portal.act("freeze_time", on="true" if is_of_one_time else "false")
    ids = made(portal, 450)
    portal.act("freeze_time", on="false")
    time.sleep(0.002)
    found, cursor = set(), None
    while True:
        page = portal.page("contacts", LONG_AGO, cursor)
        found |= ids_of(page.records)
        if page.cursor is None:
            break
        if cursor is None:
            # Known already: it moves to the end, and all behind it by one to the front.
            portal.client.object_patch("contacts", ids[0], {"firstname": "Ada"})
        cursor = page.cursor

    assert found == set(ids)


def test_change_that_the_index_has_not_seen_comes_later(portal: Portal) -> None:
    (contact,) = made(portal, 1)
    portal.act("search_lag", seconds="3600")
    portal.client.object_patch("contacts", contact, {"firstname": "Ada"})
    since = datetime.now(UTC) - timedelta(minutes=2)

    lagging = portal.pulled("contacts", since)
    portal.act("search_lag", seconds="0")
    portal.client.object_patch("contacts", contact, {"firstname": "Ada L"})

    assert [one.values["firstname"] for one in lagging] == [""]
    assert ids_of(portal.pulled("contacts", since)) == {contact}


class StuckClient:
    """A vendor whose search always gives the same full page, whatever it is asked."""

    def objects_search(self, kind: str, search: Any, *, after: str = "") -> ObjectPage:
        row = {"id": "7", "properties": {"lastmodifieddate": "2026-11-22T08:00:00.000Z"}}
        return ObjectPage((object_read(row),), after="200", total=9)


def walk(client: Any) -> int:
    """To the end; how many steps it took."""
    place: Place | None = Place(1_795_248_000_000)
    steps = 0
    while place is not None and steps < 1000:
        _, place = changes_page(client, KINDS["contacts"], place, ())
        steps += 1
    return steps


def test_search_that_does_not_get_on_fails_loudly() -> None:
    with pytest.raises(NoProgress, match="does not get on"):
        walk(StuckClient())


# --- Trouble ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "least", "most"),
    [("SECONDLY", 1, 1), ("TEN_SECONDLY_ROLLING", 10, 10), ("DAILY", 1, 86_400)],
)
def test_full_window_says_how_long_to_wait(
    portal: Portal, policy: str, least: float, most: float
) -> None:
    portal.sandbox.misbehave("hubspot", "rate_limited", path="/crm/v3/objects", value=policy)

    with pytest.raises(RateLimited) as raised:
        portal.page("contacts")

    assert raised.value.after is not None
    assert least <= raised.value.after <= most
