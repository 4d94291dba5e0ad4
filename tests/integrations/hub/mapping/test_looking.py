"""What waited for an edit of the mapping is looked at anew; nothing else is."""

from __future__ import annotations

import pytest

from crm.models import User
from integrations.hub.mapping.edits import defaults_ensure, field_update
from integrations.hub.mapping.people import owners_pull
from integrations.hub.mapping.values import owner_set, value_create
from integrations.hub.models import (
    Connection,
    FieldMapping,
    LinkState,
    OwnershipMapping,
    SyncJob,
    SyncRecord,
)
from integrations.hub.streams import ExternalUser
from tests.integrations.hub.mapping import pocket
from tests.integrations.hub.mapping.conftest import link_make

pytestmark = pytest.mark.django_db

PROBLEM = {"lifecycle": "'x' of theirs means nothing here yet."}


@pytest.fixture
def seeded(connection: Connection) -> Connection:
    for stream in pocket.provider.streams:
        defaults_ensure(connection, stream)
    return connection


def looked_at(connection: Connection) -> set[tuple[str, int]]:
    return set(
        SyncJob.objects.filter(connection=connection).values_list("record_type", "record_id")
    )


def owned_by(connection: Connection, number: int, owner: str) -> SyncRecord:
    return link_make(connection, "person", f"p{number}", number, base_theirs={"owner": owner})


def test_value_that_was_missing_brings_those_who_waited(seeded: Connection, admin: User) -> None:
    link_make(seeded, "person", "p1", 1, problems=PROBLEM)
    link_make(seeded, "company", "c2", 2, problems={"name": "odd"})
    link_make(seeded, "person", "p3", 3)
    link_make(seeded, "person", "p4", 4, problems=PROBLEM, state=LinkState.QUARANTINED)

    value_create(seeded, values={"name": "lifecycle", "theirs": "x", "ours": "lead"}, actor=admin)

    assert looked_at(seeded) == {("contact", 1), ("account", 2)}


def test_edit_of_a_stream_brings_its_own_only(seeded: Connection, admin: User) -> None:
    link_make(seeded, "person", "p1", 1, problems=PROBLEM)
    link_make(seeded, "company", "c2", 2, problems={"name": "odd"})
    row = FieldMapping.objects.get(connection=seeded, object="person", path="title")

    field_update(row, values={"rule": "ours_wins"}, actor=admin)

    assert looked_at(seeded) == {("contact", 1)}


def test_person_who_is_matched_brings_their_records(
    seeded: Connection, admin: User, salesperson: User
) -> None:
    owned_by(seeded, 1, "unmapped:o1")
    owned_by(seeded, 2, "unmapped:o2")
    owned_by(seeded, 3, "o1")
    row = OwnershipMapping.objects.create(connection=seeded, external_id="o1")

    owner_set(row, user=salesperson, actor=admin)

    assert looked_at(seeded) == {("contact", 1)}


def test_person_who_is_found_by_email_brings_their_records(
    seeded: Connection, vendor: pocket.Vendor, salesperson: User
) -> None:
    owned_by(seeded, 1, "unmapped:o1")
    owned_by(seeded, 2, "unmapped:o2")
    vendor.users = [
        ExternalUser("o1", salesperson.email, "Sal"),
        ExternalUser("o2", "nobody@x.test", "No"),
    ]

    owners_pull(seeded)

    assert looked_at(seeded) == {("contact", 1)}
