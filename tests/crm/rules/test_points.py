"""Points come from the workspace's row, the default row, the table; disabled rules have none."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import RulePoints, Workspace
from crm.rules.points import DEFAULT_POINTS, points_for, points_of


def default_set(rule: str, points: int, **values: Any) -> None:
    RulePoints.objects.update_or_create(
        workspace=None, rule=rule, defaults={"points": points, **values}
    )


def test_default_row_of_every_rule_can_be_edited(db: None) -> None:
    rows = dict(RulePoints.objects.filter(workspace=None).values_list("rule", "points"))

    assert rows == DEFAULT_POINTS


def test_workspaces_row_goes_before_the_default_row(workspace: Workspace) -> None:
    default_set("invoice_paid", 7)
    assert points_for(workspace, "invoice_paid") == 7

    RulePoints.objects.create(workspace=workspace, rule="invoice_paid", points=9)
    assert points_for(workspace, "invoice_paid") == 9


def test_disabled_rule_moves_nothing(workspace: Workspace) -> None:
    default_set("invoice_paid", 5, is_enabled=False)

    assert points_for(workspace, "invoice_paid") == 0


def test_table_answers_without_rows(workspace: Workspace) -> None:
    RulePoints.objects.all().delete()

    assert points_for(workspace, "invoice_failed") == -15


def test_unknown_rule_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(KeyError):
        points_for(workspace, "nonsense")


def test_several_rules_cost_one_query(workspace: Workspace, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        points_of(workspace, DEFAULT_POINTS)
