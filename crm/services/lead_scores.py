"""Writes a lead's score and tier after something happened to it."""

from __future__ import annotations

from django.utils import timezone

from crm.models import Lead
from crm.rules.lead_score import SIGNS, LeadFacts, LeadScore, lead_score
from crm.rules.points import points_of
from crm.services.origin import by_rule
from crm.services.records import record_update


def lead_rescore(lead: Lead, *, event: str) -> Lead:
    """Score the lead again; the ledger says which event made it, and what the score is made of."""
    result = _score(lead)
    return record_update(
        lead,
        values={"score": result.score, "score_tier": result.tier},
        origin=by_rule("lead_score", f"{event}: {result}"),
    )


def _score(lead: Lead) -> LeadScore:
    facts = LeadFacts(
        email=lead.email,
        phone=lead.phone,
        company=lead.company,
        title=lead.title,
        source=lead.source,
        status=lead.status,
        budget_max=lead.budget_max or lead.budget_min,
        last_contacted_at=lead.last_contacted_at,
        now=timezone.now(),
    )
    return lead_score(facts, points_of(lead.workspace, [sign.rule for sign in SIGNS]))
