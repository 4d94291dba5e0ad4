"""Every write cleans its values, checks its links and leaves one ledger row."""

from __future__ import annotations

import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from crm.choices import OriginKind
from crm.models import Account, Change, Contact, CustomField, Deal, User, Workspace
from crm.services.accounts import account_create, account_update
from crm.services.contacts import (
    contact_archive,
    contact_create,
    contact_restore,
    contact_update,
)
from crm.services.deals import deal_create, deal_update
from crm.services.errors import InvalidRecord, StaleRecord, WrongWorkspace
from crm.services.origin import Origin
from crm.services.records import record_create
from tests.factories import TEST_ORIGIN, user_make, workspace_make
from tests.queries import queries_of

IMPORT = Origin(OriginKind.IMPORT, "1")


@pytest.fixture
def contact(workspace: Workspace, origin: Origin) -> Contact:
    values = {"first_name": " Ann ", "email": " Ann@Acme.TEST ", "phone": "(202) 555-0143"}
    return contact_create(workspace=workspace, values=values, origin=origin)


def test_values_are_cleaned(contact: Contact) -> None:
    assert (contact.first_name, contact.email) == ("Ann", "ann@acme.test")
    assert (contact.phone, contact.phone_raw) == ("+12025550143", "(202) 555-0143")


def test_phone_is_read_in_the_workspaces_country(origin: Origin) -> None:
    workspace = workspace_make(default_country="DE")

    contact = contact_create(
        workspace=workspace,
        values={"phone": "030 123456", "mobile": "ask at desk"},
        origin=TEST_ORIGIN,
    )

    assert contact.phone == "+4930123456"
    assert (contact.mobile, contact.mobile_raw) == ("ask at desk", "ask at desk")


def test_created_diff_holds_the_given_values(contact: Contact, origin: Origin) -> None:
    change = Change.objects.get(record_type="contact")

    assert change.diff == {
        "first_name": [None, "Ann"],
        "email": [None, "ann@acme.test"],
        "phone": [None, "+12025550143"],
        "phone_raw": [None, "(202) 555-0143"],
    }
    assert (change.origin_kind, change.actor) == (OriginKind.USER, origin.actor)


@pytest.mark.parametrize(
    "values",
    [
        {"first_name": "Ann"},
        {"first_name": "  Ann"},
        {"email": "ANN@acme.test"},
        {"phone": "+1 202 555 0143"},
        {"phone": "+12025550143"},
        {"tags": []},
        {"account": None},
        {"account": ""},
    ],
)
def test_same_value_otherwise_spelt_leaves_no_trace(
    contact: Contact, origin: Origin, values: dict[str, Any]
) -> None:
    contact_update(contact, values=values, origin=origin)

    assert Change.objects.count() == 1
    contact.refresh_from_db()
    assert contact.version == 1
    assert contact.phone_raw == "(202) 555-0143"


def test_amount_as_text_is_no_change(workspace: Workspace, origin: Origin) -> None:
    values = {"name": "Big", "amount": "100"}
    deal = deal_create(workspace=workspace, values=values, origin=origin)
    changes = Change.objects.count()

    deal_update(deal, values={"amount": "100.0000"}, origin=origin)
    deal_update(deal, values={"amount": Decimal("1E+2")}, origin=origin)

    assert Change.objects.count() == changes


def test_update_raises_version_and_tells_old_and_new(contact: Contact, origin: Origin) -> None:
    fresh = contact_update(contact, values={"title": "CEO", "tags": ["a", "a", " "]}, origin=origin)

    assert fresh.version == 2
    change = Change.objects.latest("id")
    assert change.diff == {"title": ["", "CEO"], "tags": [[], ["a"]]}


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"email": "not an address"}, "email"),
        ({"engagement_score": "many"}, "engagement_score"),
        ({"engagement_score": 101}, "engagement_score"),
        ({"lifecycle": "guru"}, "lifecycle"),
        ({"first_name": "x" * 101}, "first_name"),
        ({"last_contacted_at": "yesterday"}, "last_contacted_at"),
        ({"last_contacted_at": datetime.datetime(2026, 1, 1)}, "last_contacted_at"),  # noqa: DTZ001
        ({"tags": "a,b"}, "tags"),
        ({"account": 10**9}, "account"),
        ({"account": "acme"}, "account"),
        ({"nonsense": 1}, "nonsense"),
        ({"version": 9}, "version"),
        ({"workspace": 1}, "workspace"),
        ({"linkedin_url": "javascript:alert(1)"}, "linkedin_url"),
    ],
)
def test_bad_values_are_refused_by_name(
    contact: Contact, origin: Origin, values: dict[str, Any], name: str
) -> None:
    with pytest.raises(InvalidRecord) as refusal:
        contact_update(contact, values=values, origin=origin)

    assert list(refusal.value.errors) == [name]
    assert Change.objects.count() == 1


def test_missing_link_is_refused_by_name(workspace: Workspace) -> None:
    with pytest.raises(InvalidRecord) as refusal:
        record_create(Deal, workspace=workspace, values={"name": "X"}, origin=TEST_ORIGIN)

    assert {"pipeline", "stage"} <= set(refusal.value.errors)


def test_text_that_the_database_cannot_hold_is_cleaned(contact: Contact, origin: Origin) -> None:
    fresh = contact_update(contact, values={"title": "C\x00E\ud800O"}, origin=origin)

    assert fresh.title == "CEO"


def test_link_into_another_workspace_is_refused(contact: Contact, origin: Origin) -> None:
    other = account_create(workspace=workspace_make(), values={"name": "X"}, origin=TEST_ORIGIN)

    with pytest.raises(WrongWorkspace):
        contact_update(contact, values={"account": other}, origin=origin)
    with pytest.raises(InvalidRecord, match="no such account"):
        contact_update(contact, values={"account": other.pk}, origin=origin)


def test_owner_must_be_a_member(contact: Contact, origin: Origin, manager: User) -> None:
    with pytest.raises(InvalidRecord, match="not a member"):
        contact_update(contact, values={"owner": user_make()}, origin=origin)

    assert contact_update(contact, values={"owner": manager.pk}, origin=origin).owner == manager


def test_owner_who_left_does_not_block_other_changes(
    contact: Contact, workspace: Workspace, origin: Origin, manager: User
) -> None:
    contact_update(contact, values={"owner": manager}, origin=origin)
    workspace.memberships.filter(user=manager).delete()

    values = {"owner": manager, "title": "CEO"}
    assert contact_update(contact, values=values, origin=origin).title == "CEO"


def test_stale_version_writes_nothing(contact: Contact, origin: Origin) -> None:
    contact_update(contact, values={"title": "CTO"}, origin=origin)

    with pytest.raises(StaleRecord):
        contact_update(contact, values={"title": "CEO"}, origin=origin, expected_version=1)

    contact.refresh_from_db()
    assert contact.title == "CTO"


def test_archive_and_restore(contact: Contact, origin: Origin) -> None:
    archived = contact_archive(contact, origin=origin)
    assert archived.is_archived
    assert contact_archive(archived, origin=origin).version == archived.version

    restored = contact_restore(archived, origin=origin)

    assert not restored.is_archived
    actions = Change.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["created", "deleted", "restored"]


@pytest.fixture
def custom_fields(workspace: Workspace) -> None:
    fields: list[dict[str, Any]] = [
        {"key": "size", "kind": "choice", "choices": ["S", "L"], "is_required": True},
        {"key": "seats", "kind": "number"},
        {"key": "vip", "kind": "boolean"},
        {"key": "since", "kind": "date"},
        {"key": "note", "kind": "text"},
    ]
    for field in fields:
        label = field["key"].title()
        CustomField.objects.create(workspace=workspace, record_type="account", label=label, **field)


@pytest.mark.usefixtures("custom_fields")
def test_custom_values_are_kept_by_kind(workspace: Workspace, origin: Origin) -> None:
    given = {"size": "S", "seats": "12", "vip": "yes", "since": "2026-01-31", "note": " hi "}

    account = account_create(
        workspace=workspace, values={"name": "Acme", "custom": given}, origin=origin
    )
    account = account_update(
        account, values={"custom": {"seats": 2.5, "note": None}}, origin=origin
    )

    assert account.custom == {"size": "S", "seats": 2.5, "vip": True, "since": "2026-01-31"}
    change = Change.objects.latest("id")
    assert change.diff == {"custom.note": ["hi", None], "custom.seats": [12, 2.5]}


@pytest.mark.usefixtures("custom_fields")
@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"size": "XXL"}, "custom.size"),
        ({"size": ""}, "custom.size"),
        ({"seats": "many"}, "custom.seats"),
        ({"seats": True}, "custom.seats"),
        ({"vip": "perhaps"}, "custom.vip"),
        ({"since": "31.1.2026"}, "custom.since"),
        ({"note": "x" * 3000}, "custom.note"),
        ({"unknown": 1}, "custom.unknown"),
        ([1], "custom"),
    ],
)
def test_bad_custom_values_are_refused_by_name(workspace: Workspace, given: Any, name: str) -> None:
    with pytest.raises(InvalidRecord) as refusal:
        account_create(workspace=workspace, values={"name": "Acme", "custom": given}, origin=IMPORT)

    assert list(refusal.value.errors) == [name]


@pytest.mark.usefixtures("custom_fields")
def test_required_custom_field_is_asked_of_people_only(
    workspace: Workspace, origin: Origin
) -> None:
    with pytest.raises(InvalidRecord, match="required"):
        account_create(workspace=workspace, values={"name": "By hand"}, origin=origin)

    assert account_create(workspace=workspace, values={"name": "By file"}, origin=IMPORT)


def test_domain_is_written_one_way(workspace: Workspace, origin: Origin) -> None:
    values = {"name": "Acme", "website": "https://www.Acme.test/about"}

    account = account_create(workspace=workspace, values=values, origin=origin)

    assert account.domain == "acme.test"


def test_write_costs(contact: Contact, origin: Origin, workspace: Workspace) -> None:
    # Two savepoint statements each, then: row and ledger; for an update also the lock.
    name, title = {"first_name": "A"}, {"title": "CEO"}
    create = partial(contact_create, workspace=workspace, values=name, origin=IMPORT)
    assert queries_of(create) == 4
    assert queries_of(partial(contact_update, contact, values=title, origin=origin)) == 5


def test_link_may_be_named_by_its_id(account: Account, origin: Origin) -> None:
    contact = contact_create(
        workspace=account.workspace,
        values={"first_name": "A", "account_id": account.pk},
        origin=origin,
    )

    assert contact.account == account
    assert Change.objects.latest("id").diff["account"] == [None, account.pk]
