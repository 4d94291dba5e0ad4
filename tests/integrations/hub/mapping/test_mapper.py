"""Records of ours and bodies of a vendor's, read and written by the rows of a mapping."""

from __future__ import annotations

import pytest

from crm.models import Account, Contact, User, Workspace
from integrations.hub.mapping import chain_of
from integrations.hub.mapping.mapper import DataMapper, Row
from integrations.hub.mapping.paths import InvalidPath, is_readable, ours_read, path_check
from integrations.hub.merge import Direction

MAPPER = DataMapper(
    [
        Row("first_name", "firstname", is_required=True),
        Row("email", "email", chain_of([{"kind": "lower"}])),
        Row("custom.industry", "industry"),
        Row("account.name", "company", direction=Direction.PUSH),
        Row("title", "job.title"),
    ],
    is_nested=True,
)


def test_both_sides_are_read_by_our_paths() -> None:
    ada = Contact(first_name="Ada", email="ada@x.com", custom={"industry": "Maths"})
    ada.account = Account(name="Acme")

    ours = MAPPER.ours(ada)
    theirs = MAPPER.theirs({"firstname": "Ada", "job": {"title": "Countess"}, "industry": None})

    assert ours == {
        "first_name": "Ada",
        "email": "ada@x.com",
        "custom.industry": "Maths",
        "account.name": "Acme",
        "title": "",
    }
    assert theirs["title"] == "Countess"
    assert (theirs["email"], theirs["custom.industry"]) == (None, None)
    assert MAPPER.externals == ("firstname", "email", "industry", "company", "job.title")


def test_link_that_is_empty_reads_as_nothing() -> None:
    assert MAPPER.ours(Contact())["account.name"] is None


def test_values_are_written_as_each_side_takes_them() -> None:
    pulled = MAPPER.for_service({"first_name": "Ada", "custom.industry": "Maths"})
    sent = MAPPER.for_vendor({"title": "Countess", "first_name": "Ada"})

    assert pulled == {"first_name": "Ada", "custom": {"industry": "Maths"}}
    assert sent == {"firstname": "Ada", "job": {"title": "Countess"}}


def test_required_fields_that_hold_nothing_are_named() -> None:
    assert MAPPER.missing({"first_name": ""}) == ["first_name"]
    assert MAPPER.missing({"first_name": "Ada"}) == []


@pytest.mark.parametrize(
    ("path", "is_written", "said"),
    [
        ("nothing", False, "has no field"),
        ("account.nothing", False, "has no field"),
        ("title.name", False, "leads to no other record"),
        ("account.name", True, "belongs to another record"),
        ("version", True, "by the CRM itself"),
        ("custom.", True, "Name the field"),
    ],
)
def test_path_that_leads_nowhere_is_refused(path: str, is_written: bool, said: str) -> None:
    with pytest.raises(InvalidPath, match=said):
        path_check(Contact, path, is_written=is_written)


@pytest.mark.parametrize("path", ["first_name", "custom.anything", "account"])
def test_path_of_a_field_is_accepted(path: str) -> None:
    path_check(Contact, path, is_written=True)
    path_check(Contact, "account.name", is_written=False)
    assert is_readable(Contact, path)
    assert is_readable(Contact, "account.name")


SECRET = [
    *("owner.password", "owner.is_superuser", "owner.pk", "owner.last_login", "owner.workspaces"),
    *("workspace", "workspace_id", "workspace.name", "workspace.bcc_address_key"),
    *("account.workspace", "account.workspace_id", "account.owner.password", "owner_id.password"),
    *("nosuch", "pk", "owner.nosuch", "__class__", "account.__dict__", "owner.check_password"),
]


@pytest.mark.parametrize("path", SECRET)
def test_path_into_a_person_or_the_workspace_is_refused_and_reads_as_nothing(path: str) -> None:
    ada = Contact(first_name="Ada", owner=User(email="o@x.test", password="hash"))
    ada.account = Account(name="Acme", owner=ada.owner)
    ada.workspace = Workspace(name="Ours", pk=7)

    with pytest.raises(InvalidPath):
        path_check(Contact, path, is_written=False)
    assert ours_read(ada, path) is None


def test_name_and_address_of_a_person_are_read() -> None:
    ada = Contact(owner=User(email="o@x.test", name="Olivia"))

    assert [ours_read(ada, f"owner.{name}") for name in ("name", "email")] == ["Olivia", "o@x.test"]
