"""Which moments of the domain the CRM is told of, beside the fields of its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.dispatch import receiver

from crm.choices import ActivityKind, LeadStatus, OriginKind
from crm.models import Activity, Lead
from crm.signals import ChangeBatch, changed
from integrations.hub.commands import command_enqueue
from integrations.hub.models import Connection, ConnectionState, SyncStage
from integrations.rest_crm.configuration import is_on

PROVIDER = "rest_crm"
NOTED = frozenset({LeadStatus.VIEWING_SCHEDULED.value, LeadStatus.VIEWED.value})


@receiver(changed, sender=Activity, dispatch_uid="rest_crm.activities")
def activities_tell(sender: type[Activity], batch: ChangeBatch, **_: Any) -> None:
    """A viewing goes onto the lead's timeline there, a form becomes an inquiry."""
    if batch.action != "created" or not (told := list(_told(batch))):
        return
    rows = Activity.objects.filter(pk__in=batch.record_ids, lead__isnull=False)
    kinds = (ActivityKind.STATUS_CHANGED, ActivityKind.FORM_SUBMITTED)
    for activity in rows.filter(kind__in=kinds).select_related("lead").order_by("pk"):
        for connection in told:
            if activity.kind == ActivityKind.FORM_SUBMITTED:
                _inquiry(connection, activity)
            elif activity.details.get("status") in NOTED:
                _viewing(connection, activity)


@receiver(changed, sender=Lead, dispatch_uid="rest_crm.leads")
def conversions_tell(sender: type[Lead], batch: ChangeBatch, **_: Any) -> None:
    """A lead that was converted is told with its deal."""
    if "converted_deal" not in batch.fields or not (told := list(_told(batch))):
        return
    converted = Lead.objects.filter(pk__in=batch.record_ids, status=LeadStatus.CONVERTED)
    for lead in converted.select_related("converted_deal").order_by("pk"):
        for connection in told:
            _deal(connection, lead)


def _told(batch: ChangeBatch) -> Iterator[Connection]:
    """The connections that keep leads in step, without the one that it came from."""
    source = ""
    if batch.origin.kind == OriginKind.CONNECTION:
        source = batch.origin.id.partition(":")[0]
    live = Connection.objects.filter(
        workspace_id=batch.workspace_id,
        provider=PROVIDER,
        sync_states__object="lead",
        sync_states__stage=SyncStage.LIVE,
        sync_states__is_enabled=True,
        sync_states__direction__in=("push", "both"),
    )
    for connection in live.exclude(state=ConnectionState.DISABLED).order_by("pk"):
        if str(connection.pk) != source:
            yield connection


def _viewing(connection: Connection, activity: Activity) -> None:
    body = {
        "kind": activity.details["status"],
        "at": activity.occurred_at.isoformat(),
        "note": activity.body or activity.subject,
    }
    _give(connection, "activity_create", activity.lead_id, body, key=f"activity:{activity.pk}")


def _inquiry(connection: Connection, activity: Activity) -> None:
    lead = activity.lead
    if lead is None or not is_on(connection.settings, "inquiry"):
        return
    body = {
        "message": activity.body or activity.subject,
        "property": lead.property_id,
        "utm_source": lead.utm_source,
    }
    _give(connection, "inquiry_create", lead.pk, body, key=f"inquiry:{activity.pk}")


def _deal(connection: Connection, lead: Lead) -> None:
    deal = lead.converted_deal
    if deal is None:
        return
    body = {"name": deal.name, "amount": str(deal.amount), "property": lead.property_id}
    _give(connection, "deal_create", lead.pk, body, key=f"lead:{lead.pk}:converted")


def _give(
    connection: Connection, kind: str, lead_id: int | None, body: Mapping[str, Any], *, key: str
) -> None:
    if lead_id is not None:
        command_enqueue(connection, kind, subject=("lead", lead_id), body=body, key=key)
