"""The board: the deals of one pipeline by stage."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, QuerySet, Sum, Window
from django.db.models.functions import RowNumber
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from crm.access import Action
from crm.models import Deal, Pipeline, Stage
from crm.selectors.deals import deals_of
from crm.selectors.search import deals_search
from crm.views.deals import DEALS
from crm.views.doors import WorkspaceRequest, swap_headers, workspace_page
from crm.views.listing import ShownFilter, person_filter

CARDS = 30
SEARCH_MAX = 200


@dataclass(frozen=True)
class StageTotal:
    """How much of one currency stands in a stage."""

    currency: str
    amount: Decimal


@dataclass(frozen=True)
class Column:
    """A stage with its first cards; `count` and `totals` are of all its deals."""

    stage: Stage
    count: int
    totals: list[StageTotal]
    deals: list[Deal]

    @property
    def has_more(self) -> bool:
        return self.count > len(self.deals)


@require_GET
@workspace_page(Action.VIEW)
def deal_board(request: WorkspaceRequest) -> HttpResponse:
    """One pipeline's deals by stage; the same search and owner filter as the list."""
    pipelines = list(Pipeline.objects.filter(workspace=request.workspace))
    pipeline = _chosen(pipelines, request.GET.get("pipeline", ""))
    owner = person_filter()
    options = owner.options(request)
    chosen = request.GET.get("owner", "")
    shown = ShownFilter("owner", "Owner", options, chosen if chosen in dict(options) else "")
    query = request.GET.get("q", "").strip()[:SEARCH_MAX].replace("\x00", "")
    rows = deals_of(request.workspace).filter(pipeline=pipeline, archived_at=None)
    rows = owner.narrow(rows, shown.value, request) if shown.value else rows
    rows = deals_search(rows, query) if query else rows
    columns = board_columns(pipeline, rows) if pipeline else []
    context = {
        "kind": DEALS,
        "pipelines": pipelines,
        "pipeline": pipeline,
        "columns": columns,
        "stages": [column.stage for column in columns],
        "count": sum(column.count for column in columns),
        "owner_filter": shown,
        "query": query,
        "is_filtered": bool(query or shown.value),
    }
    return swap_headers(render(request, "crm/deals/board.html", context))


def board_columns(pipeline: Pipeline, rows: QuerySet[Deal]) -> list[Column]:
    """Three queries whatever the number of stages: stages, sums, first cards of each."""
    sums = rows.order_by().values("stage_id", "currency")
    counts: defaultdict[int, int] = defaultdict(int)
    totals: defaultdict[int, list[StageTotal]] = defaultdict(list)
    for row in sums.annotate(count=Count("id"), amount=Sum("amount")).order_by("currency"):
        counts[row["stage_id"]] += row["count"]
        totals[row["stage_id"]].append(StageTotal(row["currency"], row["amount"]))
    place = Window(
        RowNumber(), partition_by=F("stage_id"), order_by=[F("updated_at").desc(), F("id").desc()]
    )
    cards: defaultdict[int, list[Deal]] = defaultdict(list)
    for deal in rows.annotate(place=place).filter(place__lte=CARDS).order_by("place"):
        cards[deal.stage_id].append(deal)
    return [
        Column(stage, counts[stage.pk], totals[stage.pk], cards[stage.pk])
        for stage in Stage.objects.filter(pipeline=pipeline)
    ]


def _chosen(pipelines: list[Pipeline], wanted: str) -> Pipeline | None:
    """The pipeline in the address, else the default one, else the first."""
    named = (one for one in pipelines if str(one.pk) == wanted)
    default = (one for one in pipelines if one.is_default)
    return next(named, None) or next(default, None) or (pipelines[0] if pipelines else None)
