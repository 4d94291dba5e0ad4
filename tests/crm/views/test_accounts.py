"""A company's page shows its health and why, and its billing."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import Account
from crm.services.origin import by_rule
from crm.services.records import record_update
from tests.crm.views import rows
from tests.crm.views.conftest import Company


def page(client: Client, company: Company, **query: str) -> str:
    url = reverse("crm:account_detail", args=[company.account.pk])
    return client.get(url, query).content.decode()


def test_health_is_shown_with_what_moved_it(company: Company, sales_client: Client) -> None:
    record_update(
        company.account,
        values={"health_score": 55},
        origin=by_rule("invoice_failed", "invoice INV-1 failed"),
    )

    content = page(sales_client, company)

    assert "Invoice INV-1 failed" in content
    assert "Rule: invoice failed" in content
    assert "70 → 55" in content


def test_billing_at_a_glance(company: Company, sales_client: Client) -> None:
    Account.objects.update(
        mrr=Decimal(490),
        arr=Decimal(5880),
        currency="USD",
        payment_status="overdue",
        subscription_status="past_due",
        next_billing_at=timezone.now(),
    )

    content = page(sales_client, company)

    for words in ("$490.00", "$5,880.00 a year", "Overdue", "Past due"):
        assert words in content


def test_every_figure_says_what_it_is(company: Company, sales_client: Client) -> None:
    record_update(
        company.account,
        values={"subscription_status": "active", "payment_status": "current"},
        origin=by_rule("test", "test"),
    )

    content = page(sales_client, company)

    assert "of 100 · Low churn risk" in content
    assert 'Payments <span class="badge badge-ok">Current</span>' in content
    assert 'Subscription <span class="badge badge-ok">Active</span>' in content
    assert "Last payment: none yet" in content


def test_new_word_of_a_vendor_is_shown_as_it_came(company: Company, sales_client: Client) -> None:
    Account.objects.update(subscription_status="on_ice")

    assert "On ice" in page(sales_client, company)


def test_billing_tab_lists_documents(company: Company, sales_client: Client) -> None:
    rows.many_documents(company.account)

    content = page(sales_client, company, tab="billing")

    assert "INV-059" in content
    assert "The newest 20 invoices" in content
    assert "INV-039" not in content


def test_related_records_are_a_few_with_a_way_to_all(
    company: Company, salesperson: object, sales_client: Client
) -> None:
    rows.many_deals(company.workspace, salesperson, account=company.account)  # type: ignore[arg-type]

    content = page(sales_client, company)

    assert content.count('id="related-deal-') == 6
    assert f"{reverse('crm:deal_list')}?account={company.account.pk}" in content


def test_open_alert_is_on_the_page(company: Company, sales_client: Client) -> None:
    content = page(sales_client, company)

    assert "Urgent: Payment failed for Acme" in content
    assert f'id="resolve-{company.alert.pk}"' in content
