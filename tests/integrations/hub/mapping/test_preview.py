"""A mapping on one real record: both ways, from the vendor or as last seen, nothing written."""

from __future__ import annotations

import pytest

from crm.models import Contact, Workspace
from integrations.hub.errors import RetryLater
from integrations.hub.mapping.checks import InvalidMapping
from integrations.hub.mapping.edits import defaults_ensure
from integrations.hub.mapping.preview import Preview, PreviewLine, preview, row_preview
from integrations.hub.models import Connection, FieldMapping, SyncRecord
from tests.integrations.hub.conftest import account_make
from tests.integrations.hub.mapping import pocket
from tests.integrations.hub.mapping.conftest import link_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def seeded(connection: Connection) -> Connection:
    defaults_ensure(connection, pocket.PEOPLE)
    return connection


def contact_make(workspace: Workspace, **fields: object) -> Contact:
    return Contact.objects.create(workspace=workspace, last_name="Byron", **fields)


def line_of(found: Preview, path: str) -> PreviewLine:
    (line,) = [one for one in found.lines if one.path == path]
    return line


def test_record_of_the_vendor_is_shown_with_what_it_becomes(
    seeded: Connection, vendor: pocket.Vendor
) -> None:
    vendor.put("person", email="ADA@X.test", stage="c", company_id="c9")

    found = preview(seeded, pocket.PEOPLE)

    assert (line_of(found, "email").theirs, line_of(found, "email").here) == (
        "ADA@X.test",
        "ada@x.test",
    )
    assert line_of(found, "lifecycle").here == "customer"
    assert "not linked" in line_of(found, "account").problems[0]
    assert "linked to no record" in found.sample.note


def test_linked_record_shows_what_would_be_sent(
    seeded: Connection, vendor: pocket.Vendor, workspace: Workspace
) -> None:
    thing = vendor.put("person", email="ada@x.test")
    account = account_make(workspace)
    contact = contact_make(workspace, lifecycle="customer", account=account)
    link_make(seeded, "person", thing.id, contact.pk)
    link_make(seeded, "company", "c7", account.pk)

    found = preview(seeded, pocket.PEOPLE)

    assert line_of(found, "lifecycle").there == "c"
    assert line_of(found, "account").there == "c7"
    assert (line_of(found, "account.name").there, line_of(found, "account.name").here) == (
        account.name,
        None,
    )
    assert str(contact) in found.sample.name


def test_record_that_is_named_is_the_one_shown(seeded: Connection, vendor: pocket.Vendor) -> None:
    vendor.put("person", firstname="Ada")
    ben = vendor.put("person", firstname="Ben")

    found = preview(seeded, pocket.PEOPLE, external_id=ben.id)

    assert line_of(found, "first_name").here == "Ben"
    assert "There is no p99 there" in preview(seeded, pocket.PEOPLE, external_id="p99").sample.note


def test_silent_vendor_leaves_what_was_last_seen(
    seeded: Connection, vendor: pocket.Vendor, workspace: Workspace
) -> None:
    contact = contact_make(workspace)
    link = link_make(seeded, "person", "p1", contact.pk)
    SyncRecord.objects.filter(pk=link.pk).update(base_theirs={"email": "ada@x.test"})
    vendor.refusals.append(RetryLater("Down."))

    found = preview(seeded, pocket.PEOPLE)

    assert line_of(found, "email").here == "ada@x.test"
    assert "last seen" in found.sample.note


def test_silent_vendor_without_any_link_is_said(seeded: Connection, vendor: pocket.Vendor) -> None:
    vendor.refusals.append(RetryLater("Down."))

    found = preview(seeded, pocket.PEOPLE)

    assert (found.lines, "no linked record" in found.sample.note) == ((), True)


def test_empty_account_of_the_vendor_is_said(seeded: Connection) -> None:
    assert preview(seeded, pocket.PEOPLE).sample.note == "There is no record there."


def test_row_that_is_not_stored_is_previewed_alone(
    seeded: Connection, vendor: pocket.Vendor
) -> None:
    vendor.put("person", firstname=" ADA ")
    row = FieldMapping(
        connection=seeded,
        object="person",
        path="first_name",
        external="firstname",
        transform=[{"kind": "lower"}],
    )

    found = row_preview(row, pocket.PEOPLE)

    assert [line.here for line in found.lines] == ["ada"]
    assert (
        not FieldMapping.objects.filter(connection=seeded, transform=row.transform)
        .filter(path="first_name")
        .exists()
    )


@pytest.mark.parametrize("path", ["owner.password", "workspace.name", "nosuch", "__class__", "pk"])
def test_row_whose_field_may_not_be_read_is_refused_by_the_preview(
    seeded: Connection, vendor: pocket.Vendor, path: str
) -> None:
    row = FieldMapping(connection=seeded, object="person", path=path, external="origin")

    with pytest.raises(InvalidMapping) as refused:
        row_preview(row, pocket.PEOPLE)

    assert list(refused.value.errors) == ["path"]
