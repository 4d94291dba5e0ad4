"""The streams: what of a CRM is kept in step, and the pages of its list of leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from crm.choices import LeadStatus, PropertyStatus
from integrations.hub.merge import Direction, Rule
from integrations.hub.models import Connection
from integrations.hub.streams import (
    ExternalUser,
    MappingRow,
    Page,
    PullRequest,
    Stream,
    ValueRow,
)
from integrations.rest_crm.client import Client
from integrations.rest_crm.push import write
from integrations.rest_crm.translate import record_of

LEAD, PROPERTY = "lead", "property"
# Their field that keeps our id.
OUR_ID: Final = "id"
NUMBER: Final = ({"kind": "number"},)
OWNER: Final = ({"kind": "owner"},)

LEAD_ROWS: Final = (
    MappingRow("first_name", "first_name"),
    MappingRow("last_name", "last_name"),
    MappingRow("email", "email", ({"kind": "lower"},), rule=Rule.OURS_WINS),
    MappingRow("phone", "phone", ({"kind": "phone_format"},)),
    MappingRow("source", "source"),
    MappingRow("status", "status", ({"kind": "picklist", "name": "lead_status"},)),
    MappingRow("lost_reason", "lost_reason"),
    MappingRow("budget_min", "budget_min", NUMBER),
    MappingRow("budget_max", "budget_max", NUMBER),
    MappingRow("preferred_areas", "preferred_areas", ({"kind": "split", "separator": ","},)),
    MappingRow("property", "property", ({"kind": "link", "name": PROPERTY},)),
    MappingRow("owner", "owner", OWNER),
    MappingRow("utm_source", "utm_source"),
    MappingRow("notes", "notes"),
)
PROPERTY_ROWS: Final = (
    MappingRow("title", "title", is_required=True),
    MappingRow("price", "price", NUMBER),
    MappingRow("city", "city"),
    MappingRow("locality", "locality"),
    MappingRow("status", "status", ({"kind": "picklist", "name": "property_status"},)),
    MappingRow("owner_contact.email", "owner_contact", direction=Direction.PUSH),
    MappingRow("dealer", "dealer", OWNER),
)


def leads_pull(connection: Connection, request: PullRequest) -> Page:
    """One page of leads; raises NotOffered where the settings name no list."""
    client = Client(connection)
    cursor = str((request.cursor or {}).get("after") or "")
    page = client.leads_page(updated_since=request.since, cursor=cursor)
    readings = [client.lead_read(body) for body in page.records]
    records = [record_of(one, is_person=True) for one in readings if one.external_id]
    return Page(records, {"after": page.next_cursor} if page.next_cursor else None)


def people(connection: Connection) -> Sequence[ExternalUser]:
    """Those whom records can be assigned to."""
    return [
        ExternalUser(agent.external_id, agent.email, agent.name)
        for agent in Client(connection).agents()
    ]


def _words(choices: Any) -> tuple[ValueRow, ...]:
    """Our own words: the settings' maps have translated theirs before."""
    return tuple(ValueRow(value, value, str(label)) for value, label in choices.choices)


# Neither can be asked for by id: what a web-hook tells is all there is to go by.
STREAMS: Final = (
    Stream(
        object=PROPERTY,
        record_type="property",
        label="Properties",
        mapping=PROPERTY_ROWS,
        write=partial(write, PROPERTY),
        id_marker=OUR_ID,
        write_size=10,
        values={"property_status": _words(PropertyStatus)},
    ),
    Stream(
        object=LEAD,
        record_type="lead",
        label="Leads",
        mapping=LEAD_ROWS,
        pull=leads_pull,
        write=partial(write, LEAD),
        id_marker=OUR_ID,
        write_size=10,
        depends_on=(PROPERTY,),
        values={"lead_status": _words(LeadStatus)},
        interval=(timedelta(minutes=5), timedelta(minutes=15)),
    ),
)
