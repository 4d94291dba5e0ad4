"""Writes leads: a lost lead needs its reason, and every change of what counts re-scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from crm.choices import ActivityKind, LeadStatus
from crm.models import Lead, Workspace
from crm.services.activities import activity_log
from crm.services.errors import InvalidRecord
from crm.services.identity import lead_identity_check
from crm.services.lead_conversion import Conversion, lead_convert
from crm.services.lead_scores import lead_rescore
from crm.services.origin import Origin
from crm.services.records import (
    record_archive,
    record_create,
    record_lock,
    record_restore,
    record_update,
)

__all__ = [
    "Conversion",
    "lead_archive",
    "lead_convert",
    "lead_create",
    "lead_restore",
    "lead_status_change",
    "lead_update",
]

# A lead in one of these has had an event that belongs on the timeline.
NOTED_STATUSES = {
    LeadStatus.VIEWING_SCHEDULED: "Viewing scheduled",
    LeadStatus.VIEWED: "Viewing held",
}


@transaction.atomic
def lead_create(*, workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> Lead:
    """Create and score a lead. Raises InvalidRecord, also for one that starts as converted."""
    _check_status(values, present="")
    lead = record_create(
        Lead, workspace=workspace, values=values, origin=origin, check=lead_identity_check
    )
    _check_budget(lead, values)
    _note_status(lead, origin)
    return lead_rescore(lead, event="lead created")


@transaction.atomic
def lead_update(
    lead: Lead,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Lead:
    """Write `values`, with what follows from a change of status."""
    before = record_lock(lead, expected_version=expected_version)
    _check_status(values, present=before.status)
    values = _without_old_reason(values, before)
    fresh = record_update(before, values=values, origin=origin, check=lead_identity_check)
    _check_budget(fresh, values)
    if fresh.status != before.status:
        _note_status(fresh, origin)
    return fresh if fresh.version == before.version else lead_rescore(fresh, event="lead changed")


def lead_status_change(
    lead: Lead,
    status: str,
    *,
    origin: Origin,
    lost_reason: str = "",
    expected_version: int | None = None,
) -> Lead:
    """Set the status; `lost` needs `lost_reason`, and `converted` comes from lead_convert only."""
    values = {"status": status}
    if status == LeadStatus.LOST:
        values["lost_reason"] = lost_reason
    return lead_update(lead, values=values, origin=origin, expected_version=expected_version)


def lead_archive(lead: Lead, *, origin: Origin) -> Lead:
    return record_archive(lead, origin=origin)


def lead_restore(lead: Lead, *, origin: Origin) -> Lead:
    return record_restore(lead, origin=origin)


def _check_status(values: Mapping[str, Any], *, present: str) -> None:
    status = values.get("status", present)
    if status == LeadStatus.CONVERTED and present != LeadStatus.CONVERTED:
        raise InvalidRecord({"status": ["Convert the lead to make its contact and deal."]})
    if present == LeadStatus.CONVERTED and status != present:
        raise InvalidRecord({"status": ["A converted lead stays converted."]})
    gives_reason = bool(str(values.get("lost_reason") or "").strip())
    if status == LeadStatus.LOST and present != status and not gives_reason:
        raise InvalidRecord({"lost_reason": ["Say why the lead was lost."]})


def _check_budget(lead: Lead, values: Mapping[str, Any]) -> None:
    """Raise InvalidRecord, which takes the write back, when the range given is none."""
    low, high = lead.budget_min, lead.budget_max
    for name, bound in (("budget_min", low), ("budget_max", high)):
        if name in values and bound is not None and bound < 0:
            raise InvalidRecord({name: ["A budget is at least 0."]})
    is_given = "budget_min" in values or "budget_max" in values
    if is_given and low is not None and high is not None and low > high:
        raise InvalidRecord({"budget_max": ["The budget ends below where it starts."]})


def _without_old_reason(values: Mapping[str, Any], lead: Lead) -> dict[str, Any]:
    """A lead that comes back from lost loses the reason, too."""
    comes_back = lead.status == LeadStatus.LOST and values.get("status", lead.status) != lead.status
    return {**values, "lost_reason": ""} if comes_back else dict(values)


def _note_status(lead: Lead, origin: Origin) -> None:
    subject = NOTED_STATUSES.get(LeadStatus(lead.status))
    if subject is None:
        return
    listing = f": {lead.property}" if lead.property else ""
    values = {
        "kind": ActivityKind.STATUS_CHANGED,
        "subject": f"{subject}{listing}",
        "lead": lead,
        "actor": origin.actor,
        "details": {"status": lead.status},
    }
    activity_log(workspace=lead.workspace, values=values, origin=origin)
