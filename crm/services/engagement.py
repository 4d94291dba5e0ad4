"""Moves a contact's engagement when they open or click a mail; follows activities."""

from __future__ import annotations

from django.db.models.functions import Lower

from crm.choices import ActivityKind, LeadStatus
from crm.models import Activity, Contact, Lead
from crm.rules.health import health_after
from crm.rules.points import points_for
from crm.services.lead_scores import lead_rescore
from crm.services.origin import by_rule
from crm.services.records import record_lock, record_update

RULES = {
    ActivityKind.EMAIL_OPENED: "email_opened",
    ActivityKind.EMAIL_CLICKED: "email_clicked",
}


def engagement_note(activity: Activity) -> None:
    """Rule "e-mail opened / clicked"; a click also re-scores the open leads of that address."""
    rule = RULES.get(ActivityKind(activity.kind))
    if rule is None or activity.contact is None:
        return
    contact = record_lock(activity.contact)
    score = health_after(contact.engagement_score, points_for(contact.workspace, rule))
    origin = by_rule(rule, f"{activity.get_kind_display()}: {activity.subject}")
    record_update(contact, values={"engagement_score": score}, origin=origin)
    if activity.kind == ActivityKind.EMAIL_CLICKED:
        for lead in _leads_of(contact):
            lead_rescore(lead, event=origin.reason)


def _leads_of(contact: Contact) -> list[Lead]:
    if not contact.email:
        return []
    leads = Lead.objects.filter(workspace=contact.workspace, archived_at=None)
    return list(
        leads.exclude(status__in=(LeadStatus.CONVERTED, LeadStatus.LOST))
        .alias(address=Lower("email"))
        .filter(address=contact.email)
        .select_related("workspace")
    )
