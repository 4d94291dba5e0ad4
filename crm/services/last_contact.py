"""Moves `last_contacted_at` when we wrote, were written to, called or met; follows activities."""

from __future__ import annotations

from crm.choices import ActivityKind
from crm.models import Activity, Contact, Lead
from crm.services.lead_scores import lead_rescore
from crm.services.origin import by_rule
from crm.services.records import record_lock, record_update

CONTACT_KINDS = frozenset({ActivityKind.EMAIL, ActivityKind.CALL, ActivityKind.MEETING})


def last_contact_note(activity: Activity) -> None:
    """Note the time on the activity's contact and lead, only ever later; re-score the lead."""
    if activity.kind not in CONTACT_KINDS:
        return
    for person in (activity.contact, activity.lead):
        if person is not None:
            _note(person, activity)


def _note(person: Contact | Lead, activity: Activity) -> None:
    fresh = record_lock(person)
    if fresh.last_contacted_at and fresh.last_contacted_at >= activity.occurred_at:
        return
    event = f"{activity.get_kind_display()}: {activity.subject}"
    fresh = record_update(
        fresh,
        values={"last_contacted_at": activity.occurred_at},
        origin=by_rule("last_contact", event),
    )
    if isinstance(fresh, Lead):
        lead_rescore(fresh, event=event)
