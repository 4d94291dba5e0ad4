"""How many points each named rule moves; an admin edits them in RulePoints."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from crm.models import RulePoints, Workspace

DEFAULT_POINTS: dict[str, int] = {
    "invoice_paid": 5,
    "invoice_failed": -15,
    "high_support_volume": -10,
    "email_opened": 2,
    "email_clicked": 5,
    "lead_score.company_email": 20,
    "lead_score.phone": 10,
    "lead_score.company": 10,
    "lead_score.senior_title": 15,
    "lead_score.budget": 15,
    "lead_score.warm_source": 10,
    "lead_score.qualified": 10,
    "lead_score.recent_contact": 10,
}


def points_for(workspace: Workspace, rule: str) -> int:
    """The workspace's points, else the default row's, else the table's; a disabled rule has 0."""
    return points_of(workspace, [rule])[rule]


def points_of(workspace: Workspace, rules: Iterable[str]) -> dict[str, int]:
    """As points_for, for several rules in one query."""
    found = {rule: DEFAULT_POINTS[rule] for rule in rules}
    rows = RulePoints.objects.filter(rule__in=found).filter(
        Q(workspace=workspace) | Q(workspace=None)
    )
    # The default row first, so that the workspace's own is written over it.
    for row in sorted(rows, key=lambda row: row.workspace_id is not None):
        found[row.rule] = row.points if row.is_enabled else 0
    return found
