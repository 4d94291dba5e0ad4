"""Moves a deal to another stage; a lost one is asked for its reason first."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import Action
from crm.forms.deals import LostForm
from crm.models import Deal, Stage
from crm.selectors.deals import deals_of
from crm.services.deals import deal_move as move
from crm.services.errors import ServiceError
from crm.views.doors import (
    WorkspaceRequest,
    origin_of,
    record_or_404,
    require_edit,
    workspace_page,
)
from crm.views.notices import back_to, notify, notify_error


@require_POST
@workspace_page(Action.EDIT)
def deal_move(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Put the deal in the stage given; a lost one is asked for its reason first."""
    deal = record_or_404(deals_of(request.workspace).filter(archived_at=None), pk)
    require_edit(request, deal)
    stage = _stage_given(request, deal)
    if stage.is_lost and deal.stage_id != stage.pk:
        return _close_lost(request, deal, stage)
    try:
        moved = move(deal, stage, origin=origin_of(request))
    except ServiceError as error:
        notify_error(request, str(error))
    else:
        _tell(request, deal, moved.stage)
    return back_to(request, reverse("crm:deal_detail", args=[pk]))


def _close_lost(request: WorkspaceRequest, deal: Deal, stage: Stage) -> HttpResponse:
    asked = "lost_reason" in request.POST
    form = LostForm(request.POST if asked else None, initial={"lost_reason": deal.lost_reason})
    if form.is_valid():
        reason = form.cleaned_data["lost_reason"]
        try:
            move(deal, stage, origin=origin_of(request), lost_reason=reason)
        except ServiceError as error:
            form.refuse(error)
        else:
            notify(request, f"{deal} was closed as lost.")
            return back_to(request, reverse("crm:deal_detail", args=[deal.pk]))
    context = {
        "deal": deal,
        "stage": stage,
        "form": form,
        "next": request.POST.get("next", ""),
        "back_url": reverse("crm:deal_detail", args=[deal.pk]),
        "move_url": reverse("crm:deal_move", args=[deal.pk]),
    }
    return render(request, "crm/deals/lost.html", context)


def _tell(request: WorkspaceRequest, deal: Deal, stage: Stage) -> None:
    if deal.stage_id == stage.pk:
        return
    if stage.is_won:
        notify(request, f"{deal} is won. Well done!")
        return
    # A closed deal has had effects elsewhere; only a step between open stages is taken back.
    undo = reverse("crm:deal_move", args=[deal.pk]) + f"?stage={deal.stage_id}"
    notify(request, f"{deal} is now in {stage}.", undo="" if deal.stage.is_closed else undo)


def _stage_given(request: WorkspaceRequest, deal: Deal) -> Stage:
    wanted = request.POST.get("stage") or request.GET.get("stage", "")
    if not wanted.isdecimal() or len(wanted) > 18:
        raise Http404
    return record_or_404(Stage.objects.filter(pipeline_id=deal.pipeline_id), int(wanted))
