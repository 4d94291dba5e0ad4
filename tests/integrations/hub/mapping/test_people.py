"""People of the vendor: matched by e-mail, a person's choice kept, those gone given nothing."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from crm.models import User
from integrations.hub.errors import HubError, RetryLater
from integrations.hub.mapping.people import owners_pull
from integrations.hub.mapping.tables import Tables
from integrations.hub.mapping.values import owner_set
from integrations.hub.models import Connection, OwnershipMapping
from integrations.hub.streams import ExternalUser
from tests.integrations.hub.mapping import pocket
from tests.integrations.hub.mapping.conftest import version_of

pytestmark = pytest.mark.django_db


def row_of(connection: Connection, external_id: str) -> OwnershipMapping:
    return OwnershipMapping.objects.get(connection=connection, external_id=external_id)


def test_people_are_matched_by_email_to_members_only(
    connection: Connection, vendor: pocket.Vendor, salesperson: User, outsider: User
) -> None:
    vendor.users = [
        ExternalUser("1", salesperson.email.upper(), "Sal"),
        ExternalUser("2", outsider.email, "Out"),
        ExternalUser("3", "", "Nameless"),
    ]

    report = owners_pull(connection)

    assert (report.total, report.matched) == (3, 1)
    assert row_of(connection, "1").user == salesperson
    assert {row_of(connection, one).user for one in "23"} == {None}
    assert version_of(connection) == version_of(connection, "deal") == 2


def test_second_look_changes_nothing(
    connection: Connection, vendor: pocket.Vendor, salesperson: User
) -> None:
    vendor.users = [ExternalUser("1", salesperson.email, "Sal")]
    owners_pull(connection)

    owners_pull(connection)

    assert version_of(connection) == 2


def test_choice_of_a_person_is_kept(
    connection: Connection, vendor: pocket.Vendor, salesperson: User, admin: User
) -> None:
    vendor.users = [ExternalUser("1", salesperson.email, "Sal")]
    owners_pull(connection)
    owner_set(row_of(connection, "1"), user=admin, actor=admin)

    owners_pull(connection)

    assert row_of(connection, "1").user == admin


def test_who_joins_later_is_matched_later(
    connection: Connection, vendor: pocket.Vendor, salesperson: User
) -> None:
    vendor.users = [ExternalUser("1", "old@x.test", "Sal")]
    owners_pull(connection)
    vendor.users = [ExternalUser("1", salesperson.email, "Sal B")]

    owners_pull(connection)

    row = row_of(connection, "1")
    assert (row.user, row.external_name) == (salesperson, "Sal B")
    assert version_of(connection) == 3


def test_who_is_gone_keeps_records_and_is_given_none(
    connection: Connection, vendor: pocket.Vendor, salesperson: User
) -> None:
    vendor.users = [ExternalUser("1", salesperson.email, "Sal")]
    owners_pull(connection)
    vendor.users = []

    owners_pull(connection)

    people = Tables(connection).people
    assert not row_of(connection, "1").is_active
    assert (people.users, people.externals) == ({"1": salesperson.pk}, {})


def test_silent_vendor_changes_nothing(
    connection: Connection, vendor: pocket.Vendor, salesperson: User
) -> None:
    vendor.users = [ExternalUser("1", salesperson.email, "Sal")]
    owners_pull(connection)
    vendor.refusals.append(RetryLater("Down."))

    with pytest.raises(HubError, match="Down"):
        owners_pull(connection)

    assert row_of(connection, "1").is_active


def test_people_are_stored_in_as_many_queries_however_many_there_are(
    connection: Connection, vendor: pocket.Vendor
) -> None:
    counts = []
    for number in (2, 20):
        vendor.users = [ExternalUser(f"{number}-{n}", f"{n}@x.test", "P") for n in range(number)]
        with CaptureQueriesContext(database) as asked:
            owners_pull(connection)
        counts.append(len(asked))

    assert counts[1] <= counts[0] + 3
