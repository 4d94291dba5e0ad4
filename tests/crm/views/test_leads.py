"""Leads change status, are lost for a reason and become contact, company and deal."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from crm.choices import LeadStatus
from crm.models import Contact, Lead
from tests.crm.views.conftest import Company


def set_status(client: Client, company: Company, **data: str) -> str:
    url = reverse("crm:lead_status", args=[company.lead.pk])
    return client.post(url, data, follow=True).content.decode()


def test_status_is_set(company: Company, sales_client: Client) -> None:
    assert "is now: Contacted" in set_status(sales_client, company, status="contacted")
    assert Lead.objects.get().status == LeadStatus.CONTACTED


def test_lost_needs_its_reason(company: Company, sales_client: Client) -> None:
    refused = set_status(sales_client, company, status="lost")
    assert "Say why the lead was lost." in refused
    assert Lead.objects.get().status == LeadStatus.NEW

    set_status(sales_client, company, status="lost", lost_reason="No budget")
    assert Lead.objects.get().lost_reason == "No budget"


def test_converted_is_not_a_status_to_choose(company: Company, sales_client: Client) -> None:
    set_status(sales_client, company, status="converted")

    assert Lead.objects.get().status == LeadStatus.NEW


def test_convert_says_what_it_makes_and_makes_it(company: Company, sales_client: Client) -> None:
    url = reverse("crm:lead_convert", args=[company.lead.pk])

    assert "Drift Ltd" in sales_client.get(url).content.decode()
    response = sales_client.post(url, {"deal_name": "First order"})

    lead = Lead.objects.get()
    assert lead.status == LeadStatus.CONVERTED
    assert response["Location"] == reverse("crm:deal_detail", args=[lead.converted_deal_id])
    assert Contact.objects.filter(last_name="Drift", account__name="Drift Ltd").exists()
    content = sales_client.get(reverse("crm:lead_detail", args=[lead.pk])).content.decode()
    assert "First order" in content
    assert 'id="convert"' not in content


def test_convert_twice_makes_nothing_more(company: Company, sales_client: Client) -> None:
    url = reverse("crm:lead_convert", args=[company.lead.pk])
    sales_client.post(url)

    again = sales_client.post(url)

    assert "converted already" in again.content.decode()
    assert Contact.objects.filter(last_name="Drift").count() == 1


def test_new_lead_needs_something_to_call_it(company: Company, sales_client: Client) -> None:
    response = sales_client.post(reverse("crm:lead_create"), {"source": "fair"})

    assert "Give at least a name" in response.content.decode()


def test_budget_is_a_range(company: Company, sales_client: Client) -> None:
    response = sales_client.post(
        reverse("crm:lead_create"), {"last_name": "X", "budget_min": "10", "budget_max": "5"}
    )

    assert "budget_max" in response.context["form"].errors
