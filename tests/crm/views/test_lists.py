"""Lists search, narrow, order, page and count honestly, all by their address."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Contact, Deal, Stage, User
from crm.services.contacts import contact_archive, contact_create, contact_update
from crm.services.origin import Origin
from tests.crm.views import rows
from tests.crm.views.conftest import Company

LIST = "crm:contact_list"


def names(client: Client, **query: str) -> list[str]:
    return [str(row) for row in client.get(reverse(LIST), query).context["page_obj"]]


@pytest.mark.parametrize("text", ["byr", "ADA", "ada byron", "ada@acme", "acme"])
def test_search_finds_by_words(company: Company, sales_client: Client, text: str) -> None:
    assert names(sales_client, q=text) == ["Ada Byron"]


@pytest.mark.parametrize("text", ["nobody", "%", "' OR 1=1 --", "\x00byron\x00zz", "(", "a" * 500])
def test_search_for_what_is_not_there_is_answered(
    company: Company, sales_client: Client, text: str
) -> None:
    assert sales_client.get(reverse(LIST), {"q": text}).status_code == 200


def test_no_match_says_how_to_go_on(company: Company, sales_client: Client) -> None:
    content = sales_client.get(reverse(LIST), {"q": "nobody"}).content.decode()

    assert "Nothing matches" in content
    assert "Clear filters" in content


def test_filters_narrow_together(
    company: Company, salesperson: User, sales_client: Client, origin: Origin
) -> None:
    contact_update(
        company.contact, values={"lifecycle": "customer", "owner": salesperson}, origin=origin
    )

    assert names(sales_client, lifecycle="customer", owner="me") == ["Ada Byron"]
    assert names(sales_client, lifecycle="lead", owner="me") == []
    assert names(sales_client, owner="none") == []


def test_unknown_values_in_the_address_are_ignored(company: Company, sales_client: Client) -> None:
    query = {"lifecycle": "emperor", "owner": "999999", "sort": "password", "page": "x"}

    page = sales_client.get(reverse(LIST), {**query, "account": "9" * 30})

    assert [str(row) for row in page.context["page_obj"]] == ["Ada Byron"]
    assert not page.context["listed"].is_filtered


def test_list_is_narrowed_to_one_company(
    company: Company, salesperson: User, sales_client: Client
) -> None:
    rows.many_contacts(company.workspace, salesperson)

    page = sales_client.get(reverse(LIST), {"account": company.account.pk})

    assert [str(row) for row in page.context["page_obj"]] == ["Ada Byron"]
    assert "Company: Acme" in page.content.decode()


def test_company_of_another_workspace_narrows_nothing(
    company: Company, outsider_client: Client
) -> None:
    page = outsider_client.get(reverse(LIST), {"account": company.account.pk})

    assert "Acme" not in page.content.decode()


def test_order_goes_both_ways_and_says_so(
    company: Company, salesperson: User, sales_client: Client
) -> None:
    rows.many_contacts(company.workspace, salesperson)

    assert names(sales_client, sort="name")[0] == "Ada Byron"
    assert names(sales_client, sort="-name")[0] == "Pat Person 059"
    content = sales_client.get(reverse(LIST), {"sort": "-name"}).content.decode()
    assert 'aria-sort="descending"' in content


def test_pages_hold_fifty_and_count_all(
    company: Company, salesperson: User, sales_client: Client
) -> None:
    rows.many_contacts(company.workspace, salesperson)

    first = names(sales_client, sort="name")
    second = names(sales_client, sort="name", page="2")

    assert (len(first), len(second)) == (50, 11)
    assert not set(first) & set(second)
    content = sales_client.get(reverse(LIST), {"page": "2"}).content.decode()
    assert "51–61 of 61 contacts" in content  # noqa: RUF001


def test_page_links_keep_the_filters(
    company: Company, salesperson: User, sales_client: Client
) -> None:
    rows.many_contacts(company.workspace, salesperson)

    content = sales_client.get(reverse(LIST), {"q": "person", "sort": "name"}).content.decode()

    assert "q=person&amp;sort=name&amp;page=2" in content


def test_archived_records_are_in_their_own_view(
    company: Company, sales_client: Client, origin: Origin
) -> None:
    contact_archive(company.contact, origin=origin)

    assert names(sales_client) == []
    assert names(sales_client, view="archived") == ["Ada Byron"]


def test_empty_list_says_what_to_do(outsider_client: Client) -> None:
    content = outsider_client.get(reverse(LIST)).content.decode()

    assert "No contacts yet" in content
    assert reverse("crm:contact_create") in content


def test_names_are_escaped(company: Company, sales_client: Client, origin: Origin) -> None:
    contact_create(
        workspace=company.workspace,
        values={"last_name": "<script>alert(1)</script>"},
        origin=origin,
    )

    content = sales_client.get(reverse(LIST)).content.decode()

    assert "<script>alert" not in content
    assert "&lt;script&gt;alert(1)" in content


def test_deals_without_a_date_come_last_both_ways(company: Company, sales_client: Client) -> None:
    stage = Stage.objects.filter(workspace=company.workspace).first()
    assert stage is not None
    Deal.objects.create(
        workspace=company.workspace,
        name="Dated",
        pipeline=stage.pipeline,
        stage=stage,
        currency="USD",
        close_date="2030-01-01",
    )

    for sort in ("close_date", "-close_date"):
        page = sales_client.get(reverse("crm:deal_list"), {"sort": sort})
        assert [str(row) for row in page.context["page_obj"]] == ["Dated", "Big plan"]


def test_deals_narrow_by_state_and_stage(company: Company, sales_client: Client) -> None:
    won = Stage.objects.get(workspace=company.workspace, is_won=True)
    url = reverse("crm:deal_list")

    assert len(sales_client.get(url, {"state": "open"}).context["page_obj"]) == 1
    assert len(sales_client.get(url, {"state": "won"}).context["page_obj"]) == 0
    assert len(sales_client.get(url, {"stage": won.pk}).context["page_obj"]) == 0


def test_restored_page_is_never_a_cached_region(company: Company, sales_client: Client) -> None:
    assert "HX-Request" in sales_client.get(reverse(LIST))["Vary"]


def test_same_name_twice_keeps_its_order_over_pages(company: Company, sales_client: Client) -> None:
    Contact.objects.bulk_create(
        Contact(workspace=company.workspace, last_name="Same") for _ in range(70)
    )

    pages = [
        {
            row.pk
            for row in sales_client.get(
                reverse(LIST), {"sort": "name", "page": page, "q": "same"}
            ).context["page_obj"]
        }
        for page in (1, 2)
    ]

    assert len(pages[0] | pages[1]) == 70
