"""What a person sees first: their open deals and tasks, what happened, what is wrong."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Case, Count, QuerySet, Sum, When

from crm.models import Activity, Alert, Contact, Deal, Task, User, Workspace
from crm.selectors.alerts import alerts_unresolved
from crm.selectors.tasks import tasks_open


@dataclass
class StageSum:
    """The open deals of one stage; `order`, `is_won` and `is_lost` colour its dot."""

    id: int
    name: str
    order: int
    count: int = 0
    sums: list[tuple[Decimal, str]] = field(default_factory=list)
    is_won: bool = False
    is_lost: bool = False


@dataclass(frozen=True)
class OpenPipeline:
    """A person's open deals; money is summed by currency and never across."""

    stages: list[StageSum]
    totals: list[tuple[Decimal, str]]
    count: int


def pipeline_of(workspace: Workspace, owner: User) -> OpenPipeline:
    """The owner's open deals by stage, in one query."""
    rows = (
        Deal.objects.filter(
            workspace=workspace,
            owner=owner,
            archived_at=None,
            stage__is_won=False,
            stage__is_lost=False,
        )
        .values("stage_id", "stage__name", "stage__order", "currency")
        .annotate(count=Count("id"), amount=Sum("amount"))
        .order_by("stage__pipeline__order", "stage__order", "stage_id", "currency")
    )
    stages: dict[int, StageSum] = {}
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        stage = stages.setdefault(
            row["stage_id"], StageSum(row["stage_id"], row["stage__name"], row["stage__order"])
        )
        stage.count += row["count"]
        stage.sums.append((row["amount"], row["currency"]))
        totals[row["currency"]] += row["amount"]
    return OpenPipeline(
        stages=list(stages.values()),
        totals=[(amount, currency) for currency, amount in sorted(totals.items())],
        count=sum(stage.count for stage in stages.values()),
    )


def tasks_due(workspace: Workspace, user: User, *, before: datetime.datetime) -> QuerySet[Task]:
    """The person's open tasks due before a moment, the oldest first, with what they are about."""
    return tasks_open(workspace).filter(assigned_to=user, due_at__lt=before)


def activity_recent(workspace: Workspace) -> QuerySet[Activity]:
    return (
        Activity.objects.filter(workspace=workspace)
        .select_related("actor", "contact", "lead", "account", "deal")
        .order_by("-occurred_at", "-id")
    )


def alerts_open(workspace: Workspace, user: User) -> QuerySet[Alert]:
    """Open alerts: the person's own first, then the newest."""
    mine = Case(When(assigned_to=user, then=0), default=1)
    rows = alerts_unresolved(workspace).alias(mine=mine)
    return rows.order_by("mine", "-last_raised_at", "-id")


def has_contacts(workspace: Workspace) -> bool:
    return Contact.objects.filter(workspace=workspace).exists()
