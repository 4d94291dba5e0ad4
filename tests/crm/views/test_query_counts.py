"""Pages ask the database a fixed number of questions, however many rows they show.

Three of each count are the door's: session, user, memberships.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import User
from tests.crm.views import rows
from tests.crm.views.conftest import Company

Counted = Callable[..., Any]

LIST_ROWS = {
    "contact": rows.many_contacts,
    "account": rows.many_accounts,
    "lead": rows.many_leads,
    "deal": rows.many_deals,
    "product": rows.many_products,
    "task": rows.many_tasks,
}
LIST_MAX = 8
RECORD_MAX = 10
ACCOUNT_MAX = 12


@pytest.mark.parametrize("name", LIST_ROWS)
def test_list_asks_at_most_eight(
    company: Company,
    salesperson: User,
    sales_client: Client,
    django_assert_max_num_queries: Counted,
    name: str,
) -> None:
    LIST_ROWS[name](company.workspace, salesperson)

    with django_assert_max_num_queries(LIST_MAX):
        response = sales_client.get(reverse(f"crm:{name}_list"))

    assert response.context["page_obj"].paginator.count >= rows.MANY


def test_board_asks_at_most_eight(
    company: Company,
    salesperson: User,
    sales_client: Client,
    django_assert_max_num_queries: Counted,
) -> None:
    rows.many_deals(company.workspace, salesperson)

    with django_assert_max_num_queries(8):
        response = sales_client.get(reverse("crm:deal_board"), {"owner": "me", "q": "deal"})

    assert response.context["count"] == rows.MANY


def test_home_asks_at_most_eight(
    company: Company,
    salesperson: User,
    sales_client: Client,
    django_assert_max_num_queries: Counted,
) -> None:
    rows.many_deals(company.workspace, salesperson)
    rows.many_tasks(company.workspace, salesperson)
    rows.many_activities(company.account, salesperson)

    with django_assert_max_num_queries(8):
        sales_client.get(reverse("crm:home"))


@pytest.mark.parametrize("tab", ["all", "history"])
@pytest.mark.parametrize("name", ["contact", "lead", "deal", "task", "product"])
def test_record_asks_at_most_ten(
    company: Company,
    sales_client: Client,
    django_assert_max_num_queries: Counted,
    name: str,
    tab: str,
) -> None:
    url = reverse(f"crm:{name}_detail", args=[getattr(company, name).pk])

    with django_assert_max_num_queries(RECORD_MAX):
        sales_client.get(url, {"tab": tab})


@pytest.mark.parametrize("tab", ["all", "money", "history", "billing"])
def test_account_asks_at_most_twelve(
    company: Company,
    salesperson: User,
    sales_client: Client,
    django_assert_max_num_queries: Counted,
    tab: str,
) -> None:
    """Two more than others: its alerts and what moved its health are always in sight."""
    rows.many_deals(company.workspace, salesperson, account=company.account)
    rows.many_tasks(company.workspace, salesperson, account=company.account)
    rows.many_activities(company.account, salesperson)
    rows.many_documents(company.account)
    url = reverse("crm:account_detail", args=[company.account.pk])

    with django_assert_max_num_queries(ACCOUNT_MAX):
        sales_client.get(url, {"tab": tab})
