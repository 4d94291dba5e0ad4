"""The stored mapping ready for use: rows, tables filled by batch, versions."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from crm.choices import Role
from crm.models import Account, Contact, User, Workspace
from integrations.hub.mapping.mapper import DataMapper
from integrations.hub.mapping.stored import mapper_of
from integrations.hub.mapping.tables import Tables
from integrations.hub.models import (
    Connection,
    FieldMapping,
    LinkState,
    OwnershipMapping,
    SyncState,
    ValueMapping,
)
from integrations.hub.streams import ID_MARKER, RemoteRecord
from tests import factories
from tests.integrations.hub.conftest import account_make
from tests.integrations.hub.mapping import pocket
from tests.integrations.hub.mapping.conftest import link_make

pytestmark = pytest.mark.django_db


def row_make(connection: Connection, path: str, external: str, *steps: object) -> FieldMapping:
    return FieldMapping.objects.create(
        connection=connection,
        object="person",
        path=path,
        external=external,
        transform=list(steps),
    )


def mapper(connection: Connection, tables: Tables | None = None) -> DataMapper:
    return mapper_of(connection, pocket.PEOPLE, tables or Tables(connection))


def ours_of(connection: Connection, path: str, external: str, value: object) -> object:
    (field,) = [one for one in mapper(connection).fields if one.name == path]
    return field.codec.to_ours(value)


def person(number: int, **values: object) -> RemoteRecord:
    return RemoteRecord(f"p{number}", values)


def test_links_of_a_batch_are_looked_up_in_one_query(
    connection: Connection, workspace: Workspace
) -> None:
    row_make(connection, "account", "company_id", {"kind": "link", "name": "company"})
    tables = Tables(connection)
    people = mapper(connection, tables)
    accounts = [account_make(workspace) for _ in range(5)]
    for account in accounts:
        link_make(connection, "company", f"c{account.pk}", account.pk)
    remote = [person(n, company_id=f"c{one.pk}") for n, one in enumerate(accounts)]
    local = [Contact(workspace=workspace, account=one) for one in accounts]
    codec = people.fields[0].codec

    with CaptureQueriesContext(
        database,
    ) as asked:
        tables.prefetch_theirs(people, remote)
        tables.prefetch_ours(people, local)
        found = [codec.to_ours(one.values["company_id"]) for one in remote]
        back = [codec.to_theirs(codec.canonical_ours(pk)) for pk in found]

    assert len(asked) == 1
    assert found == [one.pk for one in accounts]
    assert back == [f"c{one.pk}" for one in accounts]


def test_link_that_is_gone_links_nothing(connection: Connection, workspace: Workspace) -> None:
    account = account_make(workspace)
    link_make(connection, "company", "c1", account.pk, state=LinkState.TOMBSTONE)

    assert Tables(connection).links("company").ours_of("c1") is None
    assert Tables(connection).links("company").theirs_of(account.pk) is None


def test_links_of_another_connection_are_not_seen(
    connection: Connection, workspace: Workspace
) -> None:
    other = Connection.objects.create(workspace=workspace, provider="pocket", name="Other")
    link_make(other, "company", "c1", account_make(workspace).pk)

    assert Tables(connection).links("company").ours_of("c1") is None


def test_owner_is_the_member_matched_and_a_stranger_the_admins(
    connection: Connection, workspace: Workspace, salesperson: User, admin: User
) -> None:
    row_make(connection, "owner", "owner_id", {"kind": "owner"})
    gone = factories.user_make()
    for external_id, user in (("o1", salesperson), ("o2", gone), ("o3", None)):
        OwnershipMapping.objects.create(connection=connection, external_id=external_id, user=user)

    assert ours_of(connection, "owner", "owner_id", "o1") == salesperson.pk
    assert ours_of(connection, "owner", "owner_id", "o2") == admin.pk
    assert ours_of(connection, "owner", "owner_id", "o3") == admin.pk


def test_stranger_goes_to_who_was_chosen_while_a_member(
    connection: Connection, salesperson: User, admin: User
) -> None:
    connection.unmapped_owner = salesperson
    assert Tables(connection).people.fallback == salesperson.pk

    connection.unmapped_owner = factories.user_make()
    assert Tables(connection).people.fallback == admin.pk


def test_records_are_given_to_the_person_that_is_active_and_chosen(
    connection: Connection, salesperson: User
) -> None:
    for external_id, fields in (
        ("old", {"is_active": False, "is_automatic": False}),
        ("found", {}),
        ("chosen", {"is_automatic": False}),
    ):
        OwnershipMapping.objects.create(
            connection=connection, external_id=external_id, user=salesperson, **fields
        )

    people = Tables(connection).people

    assert people.externals == {salesperson.pk: "chosen"}
    assert set(people.users) == {"old", "found", "chosen"}


def test_lists_of_values_send_the_first_and_leave_out_the_undecided(
    connection: Connection,
) -> None:
    row_make(connection, "lifecycle", "stage", {"kind": "picklist", "name": "lifecycle"})
    for order, (theirs, ours) in enumerate((("m", "lead"), ("l", "lead"), ("x", ""))):
        ValueMapping.objects.create(
            connection=connection, name="lifecycle", order=order, theirs=theirs, ours=ours
        )

    codec = mapper(connection).fields[0].codec

    assert (codec.to_ours("l"), codec.to_theirs("lead")) == ("lead", "m")
    assert codec.canonical_theirs("x") == "x"


def test_markers_and_rows_switched_off_are_left_out(connection: Connection) -> None:
    row_make(connection, "first_name", "firstname")
    row_make(connection, "source", ID_MARKER)
    FieldMapping.objects.create(
        connection=connection, object="person", path="email", external="email", is_enabled=False
    )
    FieldMapping.objects.create(connection=connection, object="deal", path="name", external="name")

    assert mapper(connection).externals == ("firstname",)


@pytest.mark.parametrize("path", ["owner.password", "workspace.name", "nosuch", "title.name"])
def test_row_stored_earlier_whose_field_may_not_be_read_does_nothing(
    connection: Connection, path: str
) -> None:
    row_make(connection, "first_name", "firstname")
    row_make(connection, path, "origin")

    people = mapper(connection)

    assert [row.path for row in people.rows] == ["first_name"]
    assert people.related == ()


def test_rows_are_read_once_a_version(connection: Connection) -> None:
    row = row_make(connection, "first_name", "firstname")
    tables = Tables(connection)
    mapper_of(connection, pocket.PEOPLE, tables, version=1)

    with CaptureQueriesContext(database) as asked:
        mapper_of(connection, pocket.PEOPLE, tables, version=1)
    FieldMapping.objects.filter(pk=row.pk).update(external="given")
    SyncState.objects.filter(connection=connection).update(mapping_version=F("mapping_version") + 1)

    assert len(asked) == 0
    assert mapper(connection).externals == ("given",)
    assert mapper(connection).version == 2


def test_record_is_read_without_a_query_for_each_link(
    connection: Connection, workspace: Workspace
) -> None:
    row_make(connection, "account.name", "company_name")
    row_make(connection, "account", "company_id", {"kind": "link", "name": "company"})
    row_make(connection, "custom.a.b", "c")
    account = account_make(workspace)
    Contact.objects.create(workspace=workspace, last_name="Byron", account=account)
    people = mapper(connection)
    contact = Contact.objects.select_related(*people.related).get()

    with CaptureQueriesContext(database) as asked:
        ours = people.ours(contact)

    assert people.related == ("account",)
    assert (ours["account.name"], ours["account"]) == (account.name, account.pk)
    assert len(asked) == 0


def test_enforced_row_is_told_to_the_merge(connection: Connection) -> None:
    row = row_make(connection, "first_name", "firstname")
    FieldMapping.objects.filter(pk=row.pk).update(is_enforced=True, direction="push")

    (field,) = mapper(connection).fields

    assert field.is_enforced
    assert field.direction == "push"


def test_reference_skips_rows_that_name_no_record(connection: Connection) -> None:
    row_make(connection, "title", "stage", {"kind": "reference", "name": "stage"})
    for theirs, ours in (("s1", "7"), ("s2", "seven")):
        ValueMapping.objects.create(connection=connection, name="stage", theirs=theirs, ours=ours)

    codec = mapper(connection).fields[0].codec

    assert codec.to_ours("s1") == 7
    assert codec.canonical_theirs("s2") == "s2"


def test_accounts_of_the_batch_do_not_stand_in_for_other_records(
    connection: Connection, workspace: Workspace
) -> None:
    account: Account = account_make(workspace)
    links = Tables(connection).links("company")

    assert links.theirs_of(account.pk) is None
    links.learn("c9", account.pk)
    assert (links.theirs_of(account.pk), links.ours_of("c9")) == ("c9", account.pk)


def test_admin_before_owner_is_whoever_came_first(
    connection: Connection, workspace: Workspace
) -> None:
    owner = factories.membership_make(workspace, role=Role.OWNER).user
    factories.membership_make(workspace, role=Role.ADMIN)

    assert Tables(connection).people.fallback == owner.pk
