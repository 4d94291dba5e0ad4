"""Days that go wrong: lost and late answers, wrong clocks, an old backup, three systems."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now

from crm.models import Account, Contact, Workspace
from integrations.hub import registry
from integrations.hub.models import Connection, SyncJob, SyncRecord
from integrations.hub.pump import pump
from tests.integrations.hub.mirror import mirror_connection, provider_make
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_tables import trimmed
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble, running_vendors
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import (
    Desk,
    deliver,
    pull,
    quiesce,
    streams_due,
    time_passes,
    work,
)
from tests.plugin import EXAMPLES

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 6
FIELDS = ("first_name", "last_name", "title")
# One day in the gate, many by `make prove`.
SEEDS = range(1, 31) if EXAMPLES else (1,)


@pytest.mark.parametrize("shape", [Shape(), Shape(has_markers=False)], indirect=True)
@pytest.mark.parametrize("seed", SEEDS)
def test_lost_and_late_answers_lose_nothing_and_double_nothing(
    connection: Connection, mirror: MirrorVendor, desk: Desk, seed: int
) -> None:
    chance = random.Random(seed)
    for number in range(PEOPLE):
        mirror.add("people", email=f"p{number}@x.test", first_name=f"P{number}")
    pull(connection)
    mirror.always = lambda kind, body: (
        Trouble(is_lost=True) if kind == "write" and chance.random() < 0.3 else None
    )
    number = 0
    for _ in range(5):
        for contact in Contact.objects.order_by("pk"):
            number += 1
            if chance.random() < 0.4:
                desk.edit(contact, **{chance.choice(FIELDS): f"ours {number}"})
        for thing in mirror.live("people"):
            number += 1
            if chance.random() < 0.4:
                mirror.edit("people", thing.id, **{chance.choice(FIELDS): f"theirs {number}"})
        desk.make("contact", email=f"new{number}@x.test")
        if chance.random() < 0.5:
            deliver(connection, mirror.events_take())
        streams_due(connection)
        work()
        time_passes(chance.choice((30, 200)))
    mirror.always = None
    time_passes(700)

    quiesce(connection, mirror)

    assert len(mirror.live("people")) == Contact.objects.count() == PEOPLE + 5
    hub_check(connection, mirror, desk)


def test_write_that_lands_after_a_newer_one_is_known_for_ours(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mirror.script = [Trouble("write", is_late=True)]
    desk.edit(contact, title="CEO")
    work()
    desk.edit(contact, title="CTO")
    time_passes(40)
    pull(connection)
    mirror.land_late()
    work()

    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert (contact.title, mirror.value("people", person, "title")) == ("CTO", "CTO")
    hub_check(connection, mirror, desk)


@pytest.mark.parametrize("shape", [Shape(), Shape(has_markers=False)], indirect=True)
def test_write_that_lands_late_is_no_change_of_theirs(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mirror.script = [Trouble("write", is_late=True)]
    desk.edit(contact, title="CEO")
    pump(30)
    desk.edit(contact, title="CTO")
    mirror.land_late()
    work()

    quiesce(connection, mirror)

    contact.refresh_from_db()
    assert (contact.title, mirror.value("people", person, "title")) == ("CTO", "CTO")
    assert not connection.conflicts.exists()
    hub_check(connection, mirror, desk)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_clock_of_a_worker_does_not_matter(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    minutes: int,
) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes), tick=True):
        desk.edit(contact, title="CEO")
        mirror.edit("people", person, last_name="King")
        rounds = quiesce(connection, mirror)

    contact.refresh_from_db()
    assert (contact.last_name, mirror.value("people", person, "title")) == ("King", "CEO")
    assert rounds <= 2
    hub_check(connection, mirror, desk)


# In the order they may be filled; what was sent since is forgotten with them.
KEPT = (
    "crm_account",
    "crm_contact",
    "crm_change",
    "hub_syncstate",
    "hub_syncrecord",
    "hub_writeintent",
    "hub_syncjob",
    "hub_attempt",
)


def backup_make() -> None:
    with database.cursor() as cursor:
        for table in KEPT:
            cursor.execute(f"CREATE TABLE backup_{table} AS TABLE {table}")


@transaction.atomic
def backup_restore() -> None:
    """The database is as it was; numbers given since are given again."""
    with database.cursor() as cursor:
        for table in reversed(KEPT):
            cursor.execute(f"DELETE FROM {table}")
        for table in KEPT:
            cursor.execute(f"INSERT INTO {table} SELECT * FROM backup_{table}")
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
                f"GREATEST((SELECT max(id) FROM {table}), 1))"
            )


@pytest.fixture
def backup(db: None) -> Iterator[None]:
    yield
    with database.cursor() as cursor:
        for table in KEPT:
            cursor.execute(f"DROP TABLE IF EXISTS backup_{table}")


@pytest.mark.parametrize("is_pull_first", [True, False])
def test_restored_backup_takes_over_what_it_missed_and_overwrites_nothing(
    connection: Connection, mirror: MirrorVendor, desk: Desk, backup: None, is_pull_first: bool
) -> None:
    ids = [
        mirror.add("people", email=f"p{number}@x.test", title=f"Old {number}")
        for number in range(30)
    ]
    pull(connection)
    backup_make()
    for contact in Contact.objects.order_by("pk")[:10]:
        desk.edit(contact, title=f"Ours {contact.pk}")
    bob = desk.make("contact", email="bob@x.test", first_name="Bob")
    for id in ids[20:]:
        mirror.edit("people", id, title=f"Theirs {id}")
    quiesce(connection, mirror)
    there = {one.id: dict(one.values) for one in mirror.live("people")}

    backup_restore()
    mirror.forget_calls()
    carol = desk.make("contact", email="carol@x.test", first_name="Carol")
    assert carol.pk == bob.pk
    if is_pull_first:
        SyncJob.objects.update(run_at=Now() + timedelta(hours=1))
        pull(connection)
    time_passes(3600)
    quiesce(connection, mirror)

    assert Contact.objects.count() == 32
    carol.refresh_from_db()
    assert (carol.email, carol.first_name) == ("carol@x.test", "Carol")
    now = {one.id: dict(one.values) for one in mirror.live("people")}
    kept = {id: {k: v for k, v in now[id].items() if "nexa" not in k} for id in there}
    assert kept == {
        id: {k: v for k, v in of.items() if "nexa" not in k} for id, of in there.items()
    }
    assert len(now) == 32
    hub_check(connection, mirror, desk)


def typed(values: dict[str, Any]) -> dict[str, Any]:
    """Values without the hub's own marks."""
    return {name: value for name, value in values.items() if not name.startswith("nexa_")}


@pytest.fixture
def two_vendors(settings: Any) -> Iterator[dict[str, MirrorVendor]]:
    """Two systems that spell values differently."""
    names = ("mirror", "mirror_b")
    for name in names:
        registry.add(provider_make(id=name))
    with running_vendors(*names) as vendors:
        settings.NEXA_SANDBOX_URL = vendors["mirror"].url
        yield vendors
    for name in names:
        registry.remove(name)


def test_three_systems_that_spell_differently_come_to_rest(
    workspace: Workspace, two_vendors: dict[str, MirrorVendor]
) -> None:
    one, other = two_vendors["mirror"], two_vendors["mirror_b"]
    connections = [mirror_connection(workspace, provider=name) for name in ("mirror", "mirror_b")]
    one.rules.normalised = dict.fromkeys(("first_name", "title"), trimmed)
    other.rules.normalised = dict.fromkeys(
        ("first_name", "title"), lambda value: str(value).upper()
    )
    ada = one.add("people", email="ada@x.test", first_name="Ada", title="Head of Sales")
    desk = Desk(connections[0])
    _rest(connections, two_vendors)
    [twin] = other.live("people")
    contact = Contact.objects.get()
    desk.edit(contact, title="Chief of Sales")
    _rest(connections, two_vendors)
    one.edit("people", ada, first_name="Adele")
    other.edit("people", twin.id, last_name="King")
    _rest(connections, two_vendors)

    contact.refresh_from_db()
    assert contact.title == "Chief of Sales"
    assert one.value("people", ada, "title") == "chief of sales"
    assert other.value("people", twin.id, "title") == "CHIEF OF SALES"
    assert one.value("people", ada, "last_name") == other.value("people", twin.id, "last_name")
    assert other.value("people", twin.id, "first_name") == "ADELE"
    assert len(one.live("people")) == len(other.live("people")) == 1
    assert SyncRecord.objects.count() == 2
    assert Account.objects.count() == 0


def _rest(connections: list[Connection], vendors: dict[str, MirrorVendor]) -> None:
    """Rounds until neither vendor is written to any more."""
    for _ in range(6):
        before = [len(one.writes()) for one in vendors.values()]
        for connection in connections:
            streams_due(connection, is_full=True)
        work()
        if before == [len(one.writes()) for one in vendors.values()]:
            return
    raise AssertionError("The three systems do not come to rest.")
