"""Deals move along their stages, close, and hold what is sold in them."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client
from django.urls import reverse

from crm.choices import ActivityKind
from crm.models import Activity, Deal, LineItem, Product, Stage, User
from crm.services.deals import deal_create
from crm.services.origin import Origin
from crm.services.pipelines import StagePlan, pipeline_create
from tests.crm.views import rows
from tests.crm.views.conftest import Company


def stage(company: Company, **wanted: object) -> Stage:
    return Stage.objects.get(workspace=company.workspace, **wanted)


def move(client: Client, company: Company, to: Stage, **data: str) -> str:
    url = reverse("crm:deal_move", args=[company.deal.pk])
    return client.post(url, {"stage": to.pk, **data}, follow=True).content.decode()


def test_deal_moves_and_the_step_can_be_undone(company: Company, sales_client: Client) -> None:
    before = company.deal.stage

    content = move(sales_client, company, stage(company, name="Proposal"))
    assert "Big plan is now in Proposal" in content

    sales_client.post(reverse("crm:deal_move", args=[company.deal.pk]) + f"?stage={before.pk}")
    assert Deal.objects.get().stage == before


def test_won_asks_for_nothing_more_and_says_so(company: Company, sales_client: Client) -> None:
    content = move(sales_client, company, stage(company, is_won=True))

    assert "Big plan is won" in content
    assert "Undo" not in content
    deal = Deal.objects.get()
    assert deal.stage.is_won
    assert deal.closed_at is not None


def test_lost_asks_for_its_reason_first(company: Company, sales_client: Client) -> None:
    lost = stage(company, is_lost=True)

    asked = move(sales_client, company, lost)
    assert "Why was it lost?" in asked
    refused = move(sales_client, company, lost, lost_reason=" ")
    assert "Say why the deal was lost." in refused
    assert not Deal.objects.get().stage.is_lost

    move(sales_client, company, lost, lost_reason="Too dear")
    deal = Deal.objects.get()
    assert (deal.stage, deal.lost_reason) == (lost, "Too dear")


def test_stage_of_another_pipeline_is_not_found(
    company: Company, sales_client: Client, origin: Origin
) -> None:
    other = pipeline_create(
        workspace=company.workspace, name="Other", stages=[StagePlan("First", 10)], origin=origin
    )
    url = reverse("crm:deal_move", args=[company.deal.pk])

    for wanted in (other.stages.get().pk, "x", "", "9" * 30):
        assert sales_client.post(url, {"stage": wanted}).status_code == 404


def test_move_returns_to_our_pages_only(company: Company, sales_client: Client) -> None:
    url = reverse("crm:deal_move", args=[company.deal.pk])
    board = reverse("crm:deal_board")
    to = company.deal.stage_id

    ours = sales_client.post(url, {"stage": to, "next": board})
    theirs = sales_client.post(url, {"stage": to, "next": "https://evil.test/"})

    assert ours["Location"] == board
    assert theirs["Location"] == reverse("crm:deal_detail", args=[company.deal.pk])


def test_board_sums_each_currency_and_counts_all(
    company: Company, salesperson: User, sales_client: Client
) -> None:
    Deal.objects.all().delete()
    deals = rows.many_deals(company.workspace, salesperson)
    Deal.objects.update(stage=deals[0].stage)

    columns = sales_client.get(reverse("crm:deal_board")).context["columns"]

    first = columns[0]
    assert (first.count, len(first.deals), first.has_more) == (60, 30, True)
    assert [(one.currency, one.amount) for one in first.totals] == [
        ("EUR", Decimal(3000)),
        ("USD", Decimal(3000)),
    ]
    assert [column.count for column in columns[1:]] == [0] * 5


def test_board_offers_no_move_to_who_may_not(
    company: Company, viewer_client: Client, sales_client: Client
) -> None:
    url = reverse("crm:deal_board")

    assert f'id="move-{company.deal.pk}"' in sales_client.get(url).content.decode()
    assert f'id="move-{company.deal.pk}"' not in viewer_client.get(url).content.decode()


def test_line_of_a_known_product_takes_its_price(company: Company, sales_client: Client) -> None:
    LineItem.objects.all().delete()

    sales_client.post(
        reverse("crm:line_item_create", args=[company.deal.pk]),
        {"product": "support plan", "quantity": "3"},
    )

    assert LineItem.objects.get().total == 150
    assert Deal.objects.get().amount == 150


def test_line_of_a_new_product_makes_the_product(company: Company, sales_client: Client) -> None:
    url = reverse("crm:line_item_create", args=[company.deal.pk])
    line = {"new_product": "Set-up", "billing_interval": "one_time", "quantity": "1"}

    refused = sales_client.post(url, line)
    sales_client.post(url, {**line, "unit_price": "99.50"})

    assert "A new product needs its price." in refused.content.decode()
    product = Product.objects.get(name="Set-up")
    assert (product.unit_price, product.currency) == (Decimal("99.5"), "USD")
    assert Deal.objects.get().amount == Decimal("199.5")


def test_refused_line_keeps_no_new_product(company: Company, sales_client: Client) -> None:
    url = reverse("crm:line_item_create", args=[company.deal.pk])

    response = sales_client.post(
        url, {"new_product": "Huge", "unit_price": "999999999999999", "quantity": "1000000"}
    )

    assert response.status_code == 200
    assert response.context["form"].errors
    assert not Product.objects.filter(name="Huge").exists()


def test_product_and_new_product_together_are_refused(
    company: Company, sales_client: Client
) -> None:
    url = reverse("crm:line_item_create", args=[company.deal.pk])
    both = {"product": "support plan", "new_product": "New", "unit_price": "1", "quantity": "1"}

    assert "not both" in sales_client.post(url, both).content.decode()
    assert "not both" in sales_client.post(url, {"quantity": "1"}).content.decode()


def test_line_is_changed_and_removed(company: Company, sales_client: Client) -> None:
    args = [company.deal.pk, company.line.pk]

    sales_client.post(
        reverse("crm:line_item_edit", args=args), {"quantity": "5", "unit_price": "10"}
    )
    assert Deal.objects.get().amount == 50

    sales_client.post(reverse("crm:line_item_delete", args=args))
    assert Deal.objects.get().amount == 0


def test_line_of_another_deal_is_not_found(
    company: Company, sales_client: Client, origin: Origin
) -> None:
    other = deal_create(workspace=company.workspace, values={"name": "Other"}, origin=origin)
    url = reverse("crm:line_item_delete", args=[other.pk, company.line.pk])

    assert sales_client.post(url).status_code == 404
    assert LineItem.objects.exists()


def test_amount_is_not_asked_while_there_are_lines(company: Company, sales_client: Client) -> None:
    form = sales_client.get(reverse("crm:deal_edit", args=[company.deal.pk])).context["form"]

    assert "amount" not in form.fields
    assert "stage" not in form.fields


def test_new_deal_starts_in_an_open_stage(company: Company, sales_client: Client) -> None:
    form = sales_client.get(reverse("crm:deal_create")).context["form"]
    sales_client.post(
        reverse("crm:deal_create"), {"name": "Fresh", "account": "acme", "amount": "12.5"}
    )

    assert not form.fields["stage"].queryset.filter(is_lost=True).exists()
    deal = Deal.objects.get(name="Fresh")
    assert (deal.stage.name, deal.currency, deal.amount) == ("New", "USD", Decimal("12.5"))


def test_move_is_on_the_timeline(company: Company, sales_client: Client) -> None:
    move(sales_client, company, stage(company, name="Qualified"))

    content = sales_client.get(reverse("crm:deal_detail", args=[company.deal.pk])).content.decode()
    assert Activity.objects.filter(kind=ActivityKind.STAGE_CHANGED).count() == 1
    assert "New → Qualified" in content
