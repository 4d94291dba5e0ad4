"""Search finds a record by the beginnings of its words, in its own workspace, by the index."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from crm.models import Account, Contact, Lead, Product, Task, Workspace
from crm.selectors.accounts import accounts_list
from crm.selectors.contacts import contacts_list
from crm.selectors.deals import deals_list
from crm.selectors.leads import leads_list
from crm.selectors.search import (
    accounts_search,
    contacts_search,
    leads_search,
    products_search,
    tasks_search,
)
from crm.services.accounts import account_archive, account_create
from crm.services.bulk import records_create
from crm.services.contacts import contact_archive, contact_create
from crm.services.deals import deal_create
from crm.services.leads import lead_create
from crm.services.products import product_create
from crm.services.tasks import task_create
from tests.factories import TEST_ORIGIN, workspace_make


@pytest.fixture
def acme(workspace: Workspace) -> Account:
    values = {"name": "Acme Rockets", "domain": "acme-rockets.test", "phone": "+49 30 123456"}
    return account_create(workspace=workspace, values=values, origin=TEST_ORIGIN)


@pytest.fixture
def jane(workspace: Workspace, acme: Account) -> Contact:
    values = {
        "first_name": "Jane",
        "last_name": "O'Neill-Smith",
        "email": "jane.smith@mail.test",
        "phone": "(202) 555-0143",
        "account": acme,
    }
    return contact_create(workspace=workspace, values=values, origin=TEST_ORIGIN)


@pytest.mark.parametrize(
    "text",
    ["jane", "JAN", "smith", "o'neill", "jane rock", "jane.smith@mail.test", "mail.test", "acme",
     "202-555-0143", "+1 202 555 0143", "5550143"],
)  # fmt: skip
def test_contact_is_found_by(jane: Contact, workspace: Workspace, text: str) -> None:
    assert list(contacts_list(workspace, text=text)) == [jane]


@pytest.mark.parametrize("text", ["ane", "jane bob", "202-555-9999", "x' | 'jane", "\\", "!!x"])
def test_contact_is_not_found_by(jane: Contact, workspace: Workspace, text: str) -> None:
    found = contacts_list(workspace, text=text)

    assert list(found) == ([jane] if text == "\\" else [])


def test_search_stays_in_its_workspace(jane: Contact, acme: Account) -> None:
    other = workspace_make()

    assert not contacts_list(other, text="jane").exists()
    assert not accounts_list(other, text="acme").exists()


def test_archived_records_are_in_no_list(
    jane: Contact, acme: Account, workspace: Workspace
) -> None:
    contact_archive(jane, origin=TEST_ORIGIN)
    account_archive(acme, origin=TEST_ORIGIN)

    assert not contacts_list(workspace).exists()
    assert not accounts_list(workspace, text="acme").exists()


def test_other_records_are_found(acme: Account, workspace: Workspace) -> None:
    values = {"name": "Launch pad", "account": acme}
    deal = deal_create(workspace=workspace, values=values, origin=TEST_ORIGIN)
    values = {"last_name": "Lee", "company": "Bolt Works"}
    lead = lead_create(workspace=workspace, values=values, origin=TEST_ORIGIN)

    assert list(deals_list(workspace, text="acme pad")) == [deal]
    assert list(leads_list(workspace, text="bolt lee")) == [lead]
    assert list(accounts_list(workspace, text="rockets.test")) == [acme]
    assert list(accounts_list(workspace, text="030 123456")) == [acme]


def test_search_uses_the_word_indexes(workspace: Workspace) -> None:
    rows: list[dict[str, Any]] = [
        {"first_name": f"First{number}", "email": f"p{number}@x.test"} for number in range(5000)
    ]
    records_create(Contact, workspace=workspace, rows=rows, origin=TEST_ORIGIN)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_contact")

    assert "contact_words" in contacts_list(workspace, text="first4321").explain()


@pytest.mark.parametrize(
    ("model", "row", "search", "text", "index"),
    [
        (Contact, {"phone": "+1202{:07d}"}, contacts_search, "202 000 4321", "contact_phone_end"),
        (Lead, {"phone": "+1202{:07d}"}, leads_search, "202 000 4321", "lead_phone_end"),
        (Account, {"name": "A", "phone": "+1202{:07d}"}, accounts_search, "202 000 4321",
         "account_phone_end"),
        (Task, {"title": "Call {}"}, tasks_search, "call 4321", "task_words"),
        (Product, {"name": "Seat {}", "unit_price": 1, "currency": "USD"}, products_search,
         "4321", "product_words"),
    ],
)  # fmt: skip
def test_every_search_uses_its_index(
    workspace: Workspace, model: Any, row: dict[str, Any], search: Any, text: str, index: str
) -> None:
    rows = [
        {name: value.format(number) if isinstance(value, str) else value
         for name, value in row.items()}
        for number in range(5000)
    ]  # fmt: skip
    records_create(model, workspace=workspace, rows=rows, origin=TEST_ORIGIN)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {model._meta.db_table}")

    found = search(model.objects.filter(workspace=workspace), text)

    assert index in found.explain()
    assert found.count() == 1


@pytest.mark.parametrize(
    ("text", "is_found"), [("cal acme", True), ("follow", True), ("all", False)]
)
def test_task_is_found_by_the_beginnings_of_its_words(
    workspace: Workspace, text: str, *, is_found: bool
) -> None:
    task = task_create(
        workspace=workspace, values={"title": "Call ACME: follow-up"}, origin=TEST_ORIGIN
    )

    found = tasks_search(Task.objects.filter(workspace=workspace), text)

    assert list(found) == ([task] if is_found else [])


def test_product_is_found_by_the_beginnings_of_its_words(workspace: Workspace) -> None:
    values = {"name": "Team Seat (yearly)", "unit_price": 9}
    product = product_create(workspace=workspace, values=values, origin=TEST_ORIGIN)
    rows = Product.objects.filter(workspace=workspace)

    assert list(products_search(rows, "seat year")) == [product]
    assert not products_search(rows, "eat").exists()


def test_list_costs_one_query(
    jane: Contact, workspace: Workspace, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        [str(contact.account) for contact in contacts_list(workspace, text="jane")]
