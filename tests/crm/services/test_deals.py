"""Deals: stages bring probability and closing, line items bring the amount, won is told once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from crm.choices import ActivityKind
from crm.models import Activity, Change, Deal, Product, Stage, Subscription, Workspace
from crm.services.deals import (
    deal_create,
    deal_move,
    deal_update,
    line_item_add,
    line_item_remove,
    line_item_update,
)
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin
from crm.services.pipelines import StagePlan, pipeline_create
from crm.services.products import product_create
from crm.signals import deal_won


@pytest.fixture
def deal(workspace: Workspace, origin: Origin) -> Deal:
    return deal_create(workspace=workspace, values={"name": "Acme"}, origin=origin)


@pytest.fixture
def product(workspace: Workspace, origin: Origin) -> Product:
    values = {"name": "Seat", "unit_price": "49.50", "billing_interval": "month"}
    return product_create(workspace=workspace, values=values, origin=origin)


@pytest.fixture
def won() -> Iterator[list[Deal]]:
    """The deals that `deal_won` was sent for."""
    told: list[Deal] = []

    def receiver(sender: object, deal: Deal, **kwargs: Any) -> None:
        told.append(deal)

    deal_won.connect(receiver)
    yield told
    deal_won.disconnect(receiver)


def stage_of(deal: Deal, name: str) -> Stage:
    return deal.pipeline.stages.get(name=name)


def test_deal_create_starts_in_first_stage_of_default_pipeline(
    deal: Deal, workspace: Workspace
) -> None:
    assert (deal.stage.name, deal.probability) == ("New", 10)
    assert deal.pipeline.is_default
    assert deal.currency == workspace.currency


def test_deal_create_refuses_stage_of_another_pipeline(
    deal: Deal, workspace: Workspace, origin: Origin
) -> None:
    other = pipeline_create(
        workspace=workspace, name="Renewals", stages=[StagePlan("Due", 50)], origin=origin
    )
    values = {"name": "Mixed", "stage": deal.stage, "pipeline": other}

    with pytest.raises(InvalidRecord, match="not a stage of"):
        deal_create(workspace=workspace, values=values, origin=origin)


def test_deal_move_brings_probability_and_a_line_on_the_timeline(
    deal: Deal, origin: Origin
) -> None:
    moved = deal_move(deal, stage_of(deal, "Proposal"), origin=origin)

    assert moved.probability == 50
    assert moved.closed_at is None
    activity = Activity.objects.get(deal=deal, kind=ActivityKind.STAGE_CHANGED)
    assert activity.subject == "New → Proposal"


def test_deal_move_to_its_own_stage_leaves_no_trace(deal: Deal, origin: Origin) -> None:
    changes = Change.objects.count()

    deal_move(deal, deal.stage, origin=origin)

    assert Change.objects.count() == changes


def test_deal_won_is_sent_once_per_entering(deal: Deal, origin: Origin, won: list[Deal]) -> None:
    won_stage, open_stage = stage_of(deal, "Closed won"), stage_of(deal, "New")

    moved = deal_move(deal, won_stage, origin=origin)
    deal_move(deal, won_stage, origin=origin)
    assert len(won) == 1
    assert moved.closed_at is not None

    reopened = deal_move(deal, open_stage, origin=origin)
    assert reopened.closed_at is None
    deal_move(deal, won_stage, origin=origin)
    assert len(won) == 2


def test_deal_created_as_won_tells_it(
    deal: Deal, workspace: Workspace, origin: Origin, won: list[Deal]
) -> None:
    values = {"name": "Walk-in", "stage": stage_of(deal, "Closed won")}

    created = deal_create(workspace=workspace, values=values, origin=origin)

    assert won == [created]
    assert created.closed_at is not None


def test_deal_lost_needs_a_reason(deal: Deal, origin: Origin) -> None:
    lost = stage_of(deal, "Closed lost")

    with pytest.raises(InvalidRecord) as refusal:
        deal_move(deal, lost, origin=origin)
    moved = deal_move(deal, lost, origin=origin, lost_reason="Too dear")

    assert "lost_reason" in refusal.value.errors
    assert moved.lost_reason == "Too dear"
    assert moved.closed_at is not None


def test_deal_update_with_a_stage_is_a_move(deal: Deal, origin: Origin, won: list[Deal]) -> None:
    deal_update(deal, values={"stage": stage_of(deal, "Closed won").pk}, origin=origin)

    assert won == [deal]


def test_line_items_make_the_amount(deal: Deal, product: Product, origin: Origin) -> None:
    first = line_item_add(deal, product=product, quantity=3, origin=origin)
    second = line_item_add(deal, product=product, unit_price=Decimal("10"), origin=origin)
    deal.refresh_from_db()
    assert deal.amount == Decimal("158.50")

    line_item_update(first, values={"quantity": 1}, origin=origin)
    line_item_remove(second, origin=origin)
    deal.refresh_from_db()
    assert deal.amount == Decimal("49.50")


def test_amount_of_line_items_cannot_be_overwritten(
    deal: Deal, product: Product, origin: Origin
) -> None:
    line_item_add(deal, product=product, origin=origin)

    with pytest.raises(InvalidRecord, match="sum of the line items"):
        deal_update(deal, values={"amount": "1"}, origin=origin)
    deal_update(deal, values={"amount": "49.5", "name": "Same amount"}, origin=origin)


def test_first_line_sets_currency_and_another_currency_is_refused(
    deal: Deal, product: Product, workspace: Workspace, origin: Origin
) -> None:
    values = {"name": "Sitz", "unit_price": 5, "currency": "EUR"}
    euro = product_create(workspace=workspace, values=values, origin=origin)
    line_item_add(deal, product=euro, origin=origin)
    deal.refresh_from_db()
    assert deal.currency == "EUR"

    with pytest.raises(InvalidRecord, match="priced in USD"):
        line_item_add(deal, product=product, origin=origin)


@pytest.mark.parametrize(
    "values", [{"amount": "-1"}, {"currency": "<b>"}, {"currency": "12€"}, {"currency": "EURO"}]
)
def test_deal_refuses_money_that_is_none(
    deal: Deal, workspace: Workspace, origin: Origin, values: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRecord) as refusal:
        deal_update(deal, values=values, origin=origin)
    with pytest.raises(InvalidRecord):
        deal_create(workspace=workspace, values={"name": "x", **values}, origin=origin)

    assert list(refusal.value.errors) == list(values)


def test_deal_currency_is_kept_in_capitals(workspace: Workspace, origin: Origin) -> None:
    values = {"name": "Acme", "currency": "eur"}

    assert deal_create(workspace=workspace, values=values, origin=origin).currency == "EUR"


def test_lost_deal_keeps_a_reason_and_open_one_has_none(deal: Deal, origin: Origin) -> None:
    deal_update(deal, values={"lost_reason": "Too dear"}, origin=origin)
    deal.refresh_from_db()
    assert deal.lost_reason == ""

    lost = deal_move(deal, stage_of(deal, "Closed lost"), origin=origin, lost_reason="Too dear")
    with pytest.raises(InvalidRecord):
        deal_update(lost, values={"lost_reason": " "}, origin=origin)

    deal.refresh_from_db()
    assert deal.lost_reason == "Too dear"


def test_deal_create_keeps_a_probability_of_nought(workspace: Workspace, origin: Origin) -> None:
    values = {"name": "Acme", "probability": 0}

    assert deal_create(workspace=workspace, values=values, origin=origin).probability == 0


# --- A won deal is billed by its lines as they stood ----------------------------------------------
def test_lines_of_a_won_deal_are_settled_until_it_is_reopened(
    deal: Deal, product: Product, origin: Origin
) -> None:
    item = line_item_add(deal, product=product, origin=origin)
    deal_move(deal, stage_of(deal, "Closed won"), origin=origin)

    with pytest.raises(InvalidRecord) as added:
        line_item_add(deal, product=product, origin=origin)
    with pytest.raises(InvalidRecord) as changed:
        line_item_update(item, values={"quantity": 9}, origin=origin)
    with pytest.raises(InvalidRecord) as removed:
        line_item_remove(item, origin=origin)
    deal_move(deal, stage_of(deal, "New"), origin=origin)

    for refusal in (added, changed, removed):
        assert "Reopen the deal first" in refusal.value.errors["deal"][0]
    assert line_item_update(item, values={"quantity": 9}, origin=origin).quantity == 9


def test_lines_of_a_billed_deal_name_the_subscription(
    deal: Deal, product: Product, origin: Origin
) -> None:
    won = deal_move(deal, stage_of(deal, "Closed won"), origin=origin)
    Subscription.objects.create(
        workspace=deal.workspace, deal=won, source="1", external_id="sub_1", status="active"
    )

    with pytest.raises(InvalidRecord, match="Its subscription goes on as it is"):
        line_item_add(deal, product=product, origin=origin)


def test_deal_created_as_won_takes_lines_and_bills_when_won_again(
    deal: Deal, product: Product, origin: Origin, won: list[Deal]
) -> None:
    values = {"name": "Walk-in", "stage": stage_of(deal, "Closed won")}
    created = deal_create(workspace=deal.workspace, values=values, origin=origin)

    with pytest.raises(InvalidRecord):
        line_item_add(created, product=product, origin=origin)
    deal_move(created, stage_of(deal, "New"), origin=origin)
    line_item_add(created, product=product, origin=origin)
    deal_move(created, stage_of(deal, "Closed won"), origin=origin)

    assert won == [created, created]
