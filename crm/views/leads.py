"""Leads: their rows, filters, page, status and conversion."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from crm.access import Action
from crm.choices import LeadStatus, ScoreTier
from crm.forms.leads import LeadConvertForm, LeadForm, LeadStatusForm
from crm.models import Lead
from crm.selectors.leads import leads_of
from crm.selectors.ledger import moves_of
from crm.selectors.search import leads_search
from crm.services.errors import ServiceError
from crm.services.leads import lead_convert as convert
from crm.services.leads import lead_status_change
from crm.views.doors import (
    WorkspaceRequest,
    may_edit,
    origin_of,
    record_or_404,
    require_edit,
    workspace_page,
)
from crm.views.kinds import RecordKind
from crm.views.listing import Listing, choice_filter, person_filter
from crm.views.notices import notify
from crm.views.records import FORM_METHODS
from crm.views.related import open_tasks
from crm.views.timeline import timeline_context

SCORE_REASONS = 3


def lead_page(request: WorkspaceRequest, lead: Lead) -> dict[str, Any]:
    is_open = may_edit(request, lead) and lead.status != LeadStatus.CONVERTED
    status = {"status": lead.status, "lost_reason": lead.lost_reason}
    return {
        **timeline_context(request, lead),
        **open_tasks(lead),
        "status_form": LeadStatusForm(initial=status) if is_open else None,
        "may_convert": is_open and lead.status != LeadStatus.LOST,
        "score_moves": moves_of(lead, "score")[:SCORE_REASONS],
    }


@FORM_METHODS
@workspace_page(Action.EDIT)
def lead_status(request: WorkspaceRequest, pk: int) -> HttpResponse:
    lead = _open_lead(request, pk)
    status = {"status": lead.status, "lost_reason": lead.lost_reason}
    form = LeadStatusForm(request.POST if request.method == "POST" else None, initial=status)
    if form.is_valid():
        try:
            changed = lead_status_change(lead, origin=origin_of(request), **form.cleaned_data)
        except ServiceError as error:
            form.refuse(error)
        else:
            notify(request, f"{lead} is now: {changed.get_status_display()}.")
            return redirect("crm:lead_detail", pk)
    return _lead_form(request, "crm/leads/status.html", lead, form=form)


@FORM_METHODS
@workspace_page(Action.EDIT)
def lead_convert(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Show what will be made, then make it."""
    lead = _open_lead(request, pk)
    form = LeadConvertForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = convert(lead, origin=origin_of(request), **form.cleaned_data)
        except ServiceError as error:
            form.refuse(error)
        else:
            notify(
                request, f"{lead} is a contact now, with the company {made.account} and this deal."
            )
            return redirect("crm:deal_detail", made.deal.pk)
    return _lead_form(request, "crm/leads/convert.html", lead, form=form)


def _open_lead(request: WorkspaceRequest, pk: int) -> Lead:
    lead = record_or_404(leads_of(request.workspace).filter(archived_at=None), pk)
    require_edit(request, lead)
    return lead


def _lead_form(request: WorkspaceRequest, template: str, lead: Lead, *, form: Any) -> HttpResponse:
    context = {"lead": lead, "form": form, "back_url": reverse("crm:lead_detail", args=[lead.pk])}
    return render(request, template, context)


LEADS = RecordKind(
    model=Lead,
    name="lead",
    segment="leads",
    noun="lead",
    plural="leads",
    icon="target",
    records=leads_of,
    listing=Listing(
        search=leads_search,
        sorts={
            "name": (Lower("last_name"), Lower("first_name")),
            "status": ("status",),
            "score": ("score",),
            "updated_at": ("updated_at",),
        },
        filters=(
            choice_filter("status", "Status", LeadStatus.choices),
            choice_filter("score_tier", "Score", ScoreTier.choices),
            person_filter(),
        ),
    ),
    form=LeadForm,
    page=lead_page,
    empty_text="Somebody who asked but is not a customer yet is a lead. Write down the first one.",
    archive_effect="Its timeline and tasks stay as they are.",
)
