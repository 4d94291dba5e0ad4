"""A person's pipeline at a glance: shares of the value, or of the deals where money is mixed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm.selectors.home import OpenPipeline, StageSum
from crm.views.home import pipeline_shown


def stage(name: str, count: int, *sums: tuple[str, str]) -> StageSum:
    money = [(Decimal(amount), currency) for amount, currency in sums]
    return StageSum(id=1, name=name, order=1, count=count, sums=money)


def pipeline(*stages: StageSum) -> OpenPipeline:
    totals: dict[str, Decimal] = {}
    for one in stages:
        for amount, currency in one.sums:
            totals[currency] = totals.get(currency, Decimal(0)) + amount
    count = sum(one.count for one in stages)
    return OpenPipeline(list(stages), [(b, a) for a, b in totals.items()], count)


@pytest.mark.parametrize(
    ("stages", "share_of", "shares"),
    [
        (
            [stage("New", 3, ("100", "USD")), stage("Won?", 1, ("300", "USD"))],
            "the value",
            [25, 75],
        ),
        (
            [stage("New", 3, ("100", "USD"), ("5", "EUR")), stage("Next", 1, ("9", "USD"))],
            "the deals",
            [75, 25],
        ),
        ([stage("New", 1, ("0", "USD"))], "the deals", [100]),
        ([], "the deals", []),
    ],
)
def test_shares_are_of_what_can_be_added(
    stages: list[StageSum], share_of: str, shares: list[int]
) -> None:
    shown = pipeline_shown(pipeline(*stages))

    assert shown["share_of"] == share_of
    assert [row.share for row in shown["stage_rows"]] == shares
