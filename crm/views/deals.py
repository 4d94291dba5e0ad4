"""Deals: their rows, filters and page."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Lower

from crm.forms.deals import DealForm
from crm.models import Contact, Deal, Stage
from crm.selectors.deals import deals_of
from crm.selectors.search import deals_search
from crm.views.contacts import account_found
from crm.views.doors import WorkspaceRequest, may_edit
from crm.views.kinds import RecordKind
from crm.views.listing import Filter, Link, Listing, Options, Rows, person_filter
from crm.views.related import open_tasks
from crm.views.timeline import timeline_context


def deal_page(request: WorkspaceRequest, deal: Deal) -> dict[str, Any]:
    is_editable = may_edit(request, deal)
    return {
        **timeline_context(request, deal),
        **open_tasks(deal),
        "stages": list(Stage.objects.filter(pipeline_id=deal.pipeline_id)),
        "line_items": list(deal.line_items.select_related("product")),
        "may_move": is_editable,
        "may_change_lines": is_editable and not deal.stage.is_won,
    }


def contact_found(request: WorkspaceRequest, pk: int) -> Contact | None:
    return Contact.objects.filter(workspace=request.workspace, pk=pk).first()


def stages_of(request: WorkspaceRequest) -> Options:
    """Every stage of the workspace, named with its pipeline when there are several."""
    rows = list(
        Stage.objects.filter(workspace=request.workspace)
        .select_related("pipeline")
        .order_by("pipeline__order", "pipeline_id", "order", "id")
    )
    has_several = len({stage.pipeline_id for stage in rows}) > 1
    return [
        (str(stage.pk), f"{stage.pipeline}: {stage}" if has_several else str(stage))
        for stage in rows
    ]


STATES: Options = (("open", "Open"), ("won", "Won"), ("lost", "Lost"))
STATE_LOOKUPS: dict[str, dict[str, bool]] = {
    "open": {"stage__is_won": False, "stage__is_lost": False},
    "won": {"stage__is_won": True},
    "lost": {"stage__is_lost": True},
}


def by_state(rows: Rows, value: str, request: WorkspaceRequest) -> Rows:
    return rows.filter(**STATE_LOOKUPS[value])


def by_stage(rows: Rows, value: str, request: WorkspaceRequest) -> Rows:
    return rows.filter(stage_id=int(value))


DEALS = RecordKind(
    model=Deal,
    name="deal",
    segment="deals",
    noun="deal",
    plural="deals",
    icon="handshake",
    records=deals_of,
    listing=Listing(
        search=deals_search,
        sorts={
            "name": (Lower("name"),),
            "amount": ("amount",),
            "close_date": ("close_date",),
            "updated_at": ("updated_at",),
        },
        filters=(
            Filter("state", "State", lambda request: STATES, by_state),
            Filter("stage", "Stage", stages_of, by_stage),
            person_filter(),
        ),
        links=(
            Link("account", "Company", account_found),
            Link("primary_contact", "Contact", contact_found),
        ),
        nullable=frozenset({"close_date"}),
    ),
    form=DealForm,
    page=deal_page,
    empty_text="Write down what you may sell, to whom and when; then move it along its stages.",
    archive_effect="Its line items and timeline stay; billing at connected systems goes on.",
    prefill={"account": "account", "primary_contact": "contact"},
)
