"""The mirror itself: what the engine's tests lean on must hold by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from integrations.hub.errors import Exists, NotApplied, NotFound, Rejected
from integrations.hub.models import Connection, FieldMapping, SyncState
from integrations.hub.streams import PullRequest, RemoteRecord, Stream, Write
from tests.integrations.hub.mirror import Shape
from tests.integrations.hub.mirror_tables import trimmed
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble

pytestmark = pytest.mark.django_db


def stream(connection: Connection) -> Stream:
    found = connection.declaration.stream("people")
    assert found is not None
    return found


def pulled(connection: Connection, since: datetime | None = None) -> list[RemoteRecord]:
    cursor = None
    records: list[RemoteRecord] = []
    while True:
        page = stream(connection).pull(connection, PullRequest(("email",), since, cursor))
        records += page.records
        if page.cursor is None:
            return records
        cursor = page.cursor


def written(connection: Connection, *writes: Write) -> list[object]:
    return [one.error or one.record for one in stream(connection).write(connection, writes)]


def make(key: str = "k1", **values: str) -> Write:
    return Write(key, None, "7", values)


def test_connection_is_live_with_the_default_mapping(connection: Connection) -> None:
    assert {one.is_live for one in SyncState.objects.filter(connection=connection)} == {True}
    assert FieldMapping.objects.filter(connection=connection, object="people").count() == 8


def test_pages_hold_every_record_of_one_time_once(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.rules.page_size = 3
    mirror.tables.frozen_at = datetime.now(UTC)
    made = {mirror.add("people", email=f"p{number}@x.test") for number in range(8)}

    ids = [one.id for one in pulled(connection)]

    assert sorted(ids) == sorted(made)
    assert mirror.count("list") == 3


def test_listing_shows_changes_since_a_time_and_late_where_it_lags(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.add("people", email="old@x.test")
    since = datetime.now(UTC) + timedelta(milliseconds=5)
    mirror.rules.offset = timedelta(seconds=60)
    new = mirror.add("people", email="new@x.test")

    assert [one.id for one in pulled(connection, since)] == [new]
    mirror.rules.lag = timedelta(seconds=30)
    assert pulled(connection, since) == []


@pytest.mark.parametrize("shape", [Shape(is_guarded=True)], indirect=True)
def test_write_over_a_newer_version_is_refused(
    connection: Connection, mirror: MirrorVendor
) -> None:
    id = mirror.add("people", email="a@x.test")
    read = pulled(connection)[0]
    mirror.edit("people", id, title="CEO")

    [refused] = written(connection, Write("k1", id, "7", {"title": "CTO"}, read))

    assert isinstance(refused, NotApplied)
    assert mirror.value("people", id, "title") == "CEO"


def test_write_answers_each_item(connection: Connection, mirror: MirrorVendor) -> None:
    taken = mirror.add("people", email="a@x.test")
    mirror.tables.refuses = lambda object, values: "no" if values.get("title") == "bad" else ""

    made, twice, gone, wrong = written(
        connection,
        make(email="b@x.test"),
        make("k2", email="A@x.test"),
        Write("k3", "p999", "8", {"title": "x"}),
        make("k4", title="bad"),
    )

    assert isinstance(made, RemoteRecord)
    assert (made.values["nexa_id"], made.values["nexa_rev"]) == ("7", "k1")
    assert isinstance(twice, Exists)
    assert twice.external_id == taken
    assert isinstance(gone, NotFound)
    assert isinstance(wrong, Rejected)
    assert mirror.makes("people") == 1


def test_fields_are_normalised_and_ignored(connection: Connection, mirror: MirrorVendor) -> None:
    mirror.rules.normalised = {"email": trimmed}
    mirror.rules.ignored = {"title"}

    [made] = written(connection, make(email=" A@X.test ", title="CEO"))

    assert isinstance(made, RemoteRecord)
    assert (made.values["email"], made.values["title"]) == ("a@x.test", "")


@pytest.mark.parametrize(
    ("trouble", "landed"),
    [
        (Trouble("write", is_lost=True), 1),
        (Trouble("write", is_reset=True), 0),
        (Trouble("write", is_late=True), 0),
    ],
)
def test_answer_that_never_comes(
    connection: Connection, mirror: MirrorVendor, trouble: Trouble, landed: int
) -> None:
    mirror.script = [trouble]

    with pytest.raises(requests.ConnectionError):
        written(connection, make(email="b@x.test"))

    assert mirror.makes() == landed
    mirror.land_late()
    assert mirror.makes() == (1 if landed or trouble.is_late else 0)


def test_idempotent_vendor_makes_one_of_two(connection: Connection, mirror: MirrorVendor) -> None:
    mirror.rules.is_idempotent = True

    one, other = (written(connection, make(email="b@x.test"))[0] for _ in range(2))

    assert one == other
    assert len(mirror.live("people")) == 1


def test_merged_id_answers_with_the_winner(connection: Connection, mirror: MirrorVendor) -> None:
    winner = mirror.add("people", email="a@x.test")
    loser = mirror.add("people", email="b@x.test", title="CEO")
    mirror.merge("people", winner, loser)

    read = stream(connection).read
    [found] = read(connection, [loser], ["title"])

    assert (found.id, found.former_ids, found.values["title"]) == (winner, (loser,), "CEO")
    mirror.rules.answers_merged = False
    assert read(connection, [loser], ["title"]) == []


def test_deleted_record_is_listed_as_such(connection: Connection, mirror: MirrorVendor) -> None:
    id = mirror.add("people", email="a@x.test")
    mirror.remove("people", id)

    assert [(one.id, one.is_deleted) for one in pulled(connection)] == [(id, True)]
    mirror.rules.lists_deleted = False
    assert pulled(connection) == []
