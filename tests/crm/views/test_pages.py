"""Every page of the CRM opens with records in it and says what it is."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.crm.views.conftest import Company

LISTS = ("contact", "account", "lead", "deal", "task", "product")


@pytest.mark.parametrize("name", ["home", "deal_board", "workspace_switch", "component_gallery"])
def test_single_page_opens(company: Company, sales_client: Client, name: str) -> None:
    response = sales_client.get(reverse(f"crm:{name}"))

    assert response.status_code == (403 if name == "component_gallery" else 200)


@pytest.mark.parametrize("name", LISTS)
def test_list_shows_its_record(company: Company, sales_client: Client, name: str) -> None:
    record = getattr(company, name)

    response = sales_client.get(reverse(f"crm:{name}_list"), {"view": "all"})

    assert response.status_code == 200
    assert reverse(f"crm:{name}_detail", args=[record.pk]) in response.content.decode()


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("page", ["detail", "edit", "archive"])
def test_record_page_opens(company: Company, sales_client: Client, name: str, page: str) -> None:
    record = getattr(company, name)

    response = sales_client.get(reverse(f"crm:{name}_{page}", args=[record.pk]))

    assert response.status_code == 200
    assert response.content.decode().count("<h1") == 1
    assert str(record) in response.content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_new_record_page_opens(company: Company, sales_client: Client, name: str) -> None:
    assert sales_client.get(reverse(f"crm:{name}_create")).status_code == 200


@pytest.mark.parametrize(
    "tab", ["all", "note", "call", "email", "meeting", "money", "history", "billing", "nonsense"]
)
def test_account_tab_opens(company: Company, sales_client: Client, tab: str) -> None:
    url = reverse("crm:account_detail", args=[company.account.pk])

    assert sales_client.get(url, {"tab": tab}).status_code == 200


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("note_create", ("contact",)),
        ("call_create", ("account",)),
        ("lead_status", ()),
        ("lead_convert", ()),
        ("line_item_create", ()),
    ],
)
def test_form_page_of_a_record_opens(
    company: Company, sales_client: Client, name: str, args: tuple[str, ...]
) -> None:
    record = getattr(company, args[0] if args else "lead" if "lead" in name else "deal")

    response = sales_client.get(reverse(f"crm:{name}", args=[*args, record.pk]))

    assert response.status_code == 200
