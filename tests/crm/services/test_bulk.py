"""The set-based writers leave what the single ones leave: records, ledger rows, one signal."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from crm.choices import Lifecycle, OriginKind
from crm.models import Account, Change, Contact, CustomField, Lead, Workspace
from crm.services.accounts import account_create
from crm.services.bulk import records_create, records_update
from crm.services.contacts import contact_create
from crm.services.errors import InvalidRecord, WrongWorkspace
from crm.services.origin import Origin
from crm.signals import ChangeBatch, changed
from tests.factories import TEST_ORIGIN, user_make, workspace_make
from tests.queries import queries_of

IMPORT = Origin(OriginKind.IMPORT, "12")
NASTY = 'tab\there "quoted" back\\slash\nnew line \\N é 漢'


@pytest.fixture
def batches() -> Iterator[list[ChangeBatch]]:
    told: list[ChangeBatch] = []

    def receiver(sender: object, batch: ChangeBatch, **kwargs: Any) -> None:
        told.append(batch)

    changed.connect(receiver)
    yield told
    changed.disconnect(receiver)


def test_records_create_stores_every_kind_of_value(workspace: Workspace, account: Account) -> None:
    at = datetime.datetime(2026, 5, 1, 8, 30, 0, 120, tzinfo=datetime.UTC)
    rows: list[dict[str, Any]] = [
        {"first_name": NASTY, "tags": ["a,b", 'c"d'], "custom": {"size": 3}, "account": account},
        {"email": "x@y.test", "last_contacted_at": at, "lifecycle": Lifecycle.CUSTOMER},
        {"account": account.pk, "email_opt_in": False, "engagement_score": 0},
    ]

    ids = records_create(Contact, workspace=workspace, rows=rows, origin=IMPORT)

    first, second, third = (Contact.objects.get(pk=pk) for pk in ids)
    assert (first.first_name, first.tags, first.custom) == (NASTY, ["a,b", 'c"d'], {"size": 3})
    assert (first.account, first.last_name, first.version) == (account, "", 1)
    assert (second.last_contacted_at, second.lifecycle) == (at, "customer")
    assert (third.account, third.email_opt_in, third.tags) == (account, False, [])


def test_records_create_leaves_the_ledger_of_the_single_writer(
    workspace: Workspace, account: Account
) -> None:
    at = datetime.datetime(2026, 5, 1, 8, 30, tzinfo=datetime.UTC)
    values = {
        "first_name": NASTY,
        "email": "",
        "tags": ["x"],
        "account": account,
        "engagement_score": 0,
        "email_opt_in": False,
        "last_contacted_at": at,
    }
    single = contact_create(workspace=workspace, values=values, origin=IMPORT)

    [pk] = records_create(Contact, workspace=workspace, rows=[values], origin=IMPORT)

    one = Change.objects.get(record_type="contact", record_id=single.pk)
    many = Change.objects.get(record_type="contact", record_id=pk)
    for name in ("action", "diff", "origin_kind", "origin_id", "reason", "actor_id"):
        assert getattr(one, name) == getattr(many, name), name


def test_records_create_sends_one_batch(workspace: Workspace, batches: list[ChangeBatch]) -> None:
    rows = [{"name": f"Company {number}"} for number in range(5)]

    ids = records_create(Account, workspace=workspace, rows=rows, origin=IMPORT)

    [batch] = batches
    assert batch.record_ids == ids
    assert [change.record_id for change in batch.changes] == ids
    assert (batch.record_type, batch.action, batch.fields) == ("account", "created", {"name"})


def test_records_create_is_all_or_nothing(workspace: Workspace) -> None:
    rows = [{"last_name": "Fine"}, {"last_name": "Lost", "status": "lost"}]

    with pytest.raises(InvalidRecord, match="Say why"):
        records_create(Lead, workspace=workspace, rows=rows, origin=IMPORT)

    assert not Lead.objects.exists()
    assert not Change.objects.exists()


def test_records_create_refuses_links_elsewhere(workspace: Workspace) -> None:
    other = account_create(workspace=workspace_make(), values={"name": "X"}, origin=TEST_ORIGIN)

    with pytest.raises(WrongWorkspace):
        records_create(Contact, workspace=workspace, rows=[{"account": other}], origin=IMPORT)
    with pytest.raises(InvalidRecord, match="not members"):
        records_create(
            Contact, workspace=workspace, rows=[{"owner_id": user_make().pk}], origin=IMPORT
        )


def test_records_create_refuses_a_field_named_twice(workspace: Workspace, account: Account) -> None:
    rows = [{"account": account}, {"account_id": account.pk}]

    with pytest.raises(InvalidRecord, match="named twice"):
        records_create(Contact, workspace=workspace, rows=rows, origin=IMPORT)


@pytest.mark.parametrize("name", ["nonsense", "workspace", "version", "id"])
def test_records_create_refuses_fields_that_are_not_written(
    workspace: Workspace, name: str
) -> None:
    with pytest.raises(InvalidRecord):
        records_create(Contact, workspace=workspace, rows=[{name: 1}], origin=IMPORT)


def test_records_update_writes_only_what_differs(
    workspace: Workspace, account: Account, batches: list[ChangeBatch]
) -> None:
    rows = [{"name": "Same"}, {"name": "Old", "tags": ["a"], "mrr": Decimal("10")}]
    same, old = records_create(Account, workspace=workspace, rows=rows, origin=IMPORT)
    updates: list[tuple[int, dict[str, Any]]] = [
        (same, {"name": "Same"}),
        (old, {"name": NASTY, "tags": ["b", "c"], "mrr": Decimal("10.00")}),
    ]

    touched = records_update(Account, workspace=workspace, updates=updates, origin=IMPORT)

    stored = Account.objects.get(pk=old)
    assert touched == [old]
    assert (stored.name, stored.tags, stored.version) == (NASTY, ["b", "c"], 2)
    assert Account.objects.get(pk=same).version == 1
    change = Change.objects.get(record_id=old, action="updated")
    assert change.diff == {"name": ["Old", NASTY], "tags": [["a"], ["b", "c"]]}
    assert batches[-1].fields == {"name", "tags"}


def test_records_update_merges_custom_and_different_columns(workspace: Workspace) -> None:
    rows: list[dict[str, Any]] = [{"custom": {"a": 1, "b": 2}}, {"title": "Old"}]
    first, second = records_create(Contact, workspace=workspace, rows=rows, origin=IMPORT)
    at = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
    updates: list[tuple[int, dict[str, Any]]] = [
        (first, {"custom": {"b": None, "c": "x"}}),
        (second, {"title": "New", "last_contacted_at": at}),
    ]

    records_update(Contact, workspace=workspace, updates=updates, origin=IMPORT)

    one, two = Contact.objects.get(pk=first), Contact.objects.get(pk=second)
    assert one.custom == {"a": 1, "c": "x"}
    assert (two.title, two.last_contacted_at) == ("New", at)
    diff = Change.objects.get(record_id=first, action="updated").diff
    assert diff == {"custom.b": [2, None], "custom.c": [None, "x"]}


def test_records_update_refuses_records_of_another_workspace(
    workspace: Workspace, account: Account
) -> None:
    with pytest.raises(WrongWorkspace):
        records_update(
            Account,
            workspace=workspace_make(),
            updates=[(account.pk, {"name": "Taken"})],
            origin=IMPORT,
        )


def test_records_update_refuses_text_too_long(workspace: Workspace, account: Account) -> None:
    updates = [(account.pk, {"name": "x" * 500})]

    with pytest.raises(InvalidRecord):
        records_update(Account, workspace=workspace, updates=updates, origin=IMPORT)


def test_bulk_query_counts_do_not_grow_with_rows(workspace: Workspace, account: Account) -> None:
    CustomField.objects.create(workspace=workspace, record_type="contact", key="size", label="Size")
    rows = [{"first_name": str(number), "account": account} for number in range(200)]

    # Savepoint and release, links, ids twice, two COPYs.
    create = partial(records_create, Contact, workspace=workspace, rows=rows, origin=IMPORT)
    assert queries_of(create) == 7
