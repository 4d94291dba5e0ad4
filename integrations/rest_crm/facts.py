"""Inbound: what a web-hook tells of a lead or property, taken over field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crm.choices import LeadStatus
from crm.models import Lead
from crm.services.errors import InvalidRecord
from crm.services.leads import lead_convert, lead_status_change
from integrations.hub.errors import Rejected
from integrations.hub.facts import connection_origin
from integrations.hub.models import Connection, SyncRecord
from integrations.hub.provider import Fact
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync.telling import told_take
from integrations.hub.types import Event
from integrations.rest_crm.configuration import configuration_of
from integrations.rest_crm.reading import record_read
from integrations.rest_crm.translate import record_of

# Statuses with consequences here, which no field alone brings about.
ENDS = (LeadStatus.CONVERTED, LeadStatus.LOST)


def lead_told(connection: Connection, event: Event) -> None:
    """Changed fields of a lead; one that nobody knows is made, and an end of it is carried out."""
    record = _record(connection, event, "lead")
    status = record.values.get("status")
    if status not in ENDS:
        told_take(connection, "lead", record, received_at=event.received_at)
        return
    rest = {name: value for name, value in record.values.items() if name != "status"}
    at = event.received_at
    link = told_take(connection, "lead", replace(record, values=rest), received_at=at)
    lead = _lead_of(connection, link)
    if lead is None:
        return
    _end(connection, event, lead, status, reason=str(rest.get("lost_reason") or ""))
    lead.refresh_from_db()
    values = {**record.values, "lost_reason": lead.lost_reason}
    told_take(connection, "lead", replace(record, values=values), received_at=at)


def property_told(connection: Connection, event: Event) -> None:
    """Changed fields of a property; one that nobody knows is made."""
    record = _record(connection, event, "property")
    told_take(connection, "property", record, received_at=event.received_at)


def _record(connection: Connection, event: Event, kind: str) -> RemoteRecord:
    rules = configuration_of(connection.settings).objects[kind]
    reading = record_read(rules, event.payload["data"])
    entity = str(event.payload["entityId"] or reading.external_id)
    if not entity:
        raise Rejected(f"The web-hook does not say which {kind} it is about.")
    return replace(record_of(reading, is_person=kind == "lead"), id=entity)


def _lead_of(connection: Connection, link: SyncRecord | None) -> Lead | None:
    if link is None:
        return None
    leads = Lead.objects.filter(workspace=connection.workspace_id, archived_at=None)
    return leads.filter(pk=link.local_id).first()


def _end(connection: Connection, event: Event, lead: Lead, status: Any, *, reason: str) -> None:
    """Convert the lead, or lose it with a reason; one that has ended stays as it ended.

    Raises Rejected, with the CRM's words, for a lead that cannot be converted.
    """
    if lead.status in ENDS:
        return
    origin = connection_origin(connection, f"{connection}: {event.kind}")
    try:
        if status == LeadStatus.CONVERTED:
            lead_convert(lead, origin=origin)
        else:
            reason = reason or f"Lost in {connection}"
            lead_status_change(lead, LeadStatus.LOST, origin=origin, lost_reason=reason)
    except InvalidRecord as error:
        raise Rejected(f"The lead was told as {status}: {error}") from error


FACTS = {
    "lead.created": Fact(lead_told),
    "lead.updated": Fact(lead_told),
    "lead.status_changed": Fact(lead_told),
    "property.created": Fact(property_told),
    "property.updated": Fact(property_told),
}
