"""What a portal can hold: kinds of records, their properties and the values they take."""

from __future__ import annotations

from functools import cache
from typing import Any

from integrations.hubspot.sandbox.moments import iso

Json = dict[str, Any]
# By name: a type, or a tuple of the values of an enumeration.
PropertyTypes = dict[str, Any]

PORTAL_ID = 62515
APP_ID = 54321
CLIENT_ID = "hubspot-sandbox-client"
CLIENT_SECRET = "hubspot-sandbox-secret"  # noqa: S105  # of the fake only
DEVELOPER_KEY = "hubspot-sandbox-developer-key"
FIRST_DAY = 1_735_689_600_000
SEARCH_CAP = 10_000
LIFECYCLE = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
LEAD_STATUS = ("NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "CONNECTED")
STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)

TICKET_STAGES = (("1", "New"), ("2", "Waiting on contact"), ("3", "Waiting on us"), ("4", "Closed"))

# Name by id, and the word used in web-hooks and messages.
KINDS: dict[str, tuple[str, str]] = {
    "contacts": ("0-1", "contact"),
    "companies": ("0-2", "company"),
    "deals": ("0-3", "deal"),
    "tickets": ("0-5", "ticket"),
    "notes": ("0-46", "note"),
    "meetings": ("0-47", "meeting_event"),
    "calls": ("0-48", "call"),
    "emails": ("0-49", "email"),
    "tasks": ("0-27", "task"),
}
_NAMES = {
    **{name: name for name in KINDS},
    **{identifier: name for name, (identifier, _) in KINDS.items()},
    **{word: name for name, (_, word) in KINDS.items()},
}
MODIFIED = dict.fromkeys(KINDS, "hs_lastmodifieddate") | {"contacts": "lastmodifieddate"}
DEFAULTS: dict[str, tuple[str, ...]] = {
    "contacts": (
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    ),
    "companies": ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    "deals": (
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ),
    "tickets": (
        "content",
        "createdate",
        "hs_lastmodifieddate",
        "hs_object_id",
        "hs_pipeline",
        "hs_pipeline_stage",
        "hs_ticket_priority",
        "subject",
    ),
}
ENGAGEMENT_DEFAULTS = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")

# kind: {name: type}; a tuple is an enumeration's values.
_TYPES: dict[str, dict[str, Any]] = {
    "contacts": {
        **dict.fromkeys(
            [
                "firstname",
                "lastname",
                "email",
                "phone",
                "mobilephone",
                "jobtitle",
                "company",
                "website",
                "address",
                "city",
                "state",
                "zip",
                "country",
                "hs_additional_emails",
                "nexa_reference",
            ],
            "string",
        ),
        "lifecyclestage": LIFECYCLE,
        "hs_lead_status": LEAD_STATUS,
        "hubspot_owner_id": "string",
        "hs_analytics_source": ("ORGANIC_SEARCH", "DIRECT_TRAFFIC", "OFFLINE", "REFERRALS"),
        "hs_merged_object_ids": "string",
        "createdate": "datetime",
        "lastmodifieddate": "datetime",
        "date_of_birth": "date",
    },
    "companies": {
        **dict.fromkeys(
            [
                "name",
                "domain",
                "phone",
                "industry",
                "address",
                "city",
                "state",
                "zip",
                "country",
                "website",
                "description",
                "hubspot_owner_id",
                "hs_merged_object_ids",
                "nexa_reference",
            ],
            "string",
        ),
        "numberofemployees": "number",
        "annualrevenue": "number",
        "lifecyclestage": LIFECYCLE,
        "createdate": "datetime",
    },
    "deals": {
        **dict.fromkeys(
            [
                "dealname",
                "description",
                "closed_lost_reason",
                "closed_won_reason",
                "hubspot_owner_id",
                "hs_merged_object_ids",
                "nexa_reference",
            ],
            "string",
        ),
        "pipeline": ("default",),
        "dealstage": tuple(stage for stage, _, _ in STAGES),
        "amount": "number",
        "deal_currency_code": ("AUD", "USD", "EUR", "GBP", "NZD"),
        "dealtype": ("newbusiness", "existingbusiness"),
        "closedate": "datetime",
        "createdate": "datetime",
        "hs_deal_stage_probability": "number",
        "hs_is_closed_won": ("true", "false"),
        "hs_is_closed": ("true", "false"),
    },
    "tickets": {
        **dict.fromkeys(["subject", "content", "hubspot_owner_id"], "string"),
        "hs_pipeline": ("0",),
        "hs_pipeline_stage": tuple(stage for stage, _ in TICKET_STAGES),
        "hs_ticket_priority": ("LOW", "MEDIUM", "HIGH", "URGENT"),
        "createdate": "datetime",
    },
    "notes": {"hs_note_body": "string"},
    "tasks": {
        "hs_task_subject": "string",
        "hs_task_body": "string",
        "hs_task_status": ("NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", "COMPLETED"),
        "hs_task_priority": ("NONE", "LOW", "MEDIUM", "HIGH"),
        "hs_task_type": ("EMAIL", "CALL", "TODO"),
    },
    "calls": {
        **dict.fromkeys(["hs_call_title", "hs_call_body", "hs_call_duration"], "string"),
        "hs_call_direction": ("INBOUND", "OUTBOUND"),
        "hs_call_status": ("COMPLETED", "NO_ANSWER", "BUSY", "FAILED"),
    },
    "meetings": {
        **dict.fromkeys(["hs_meeting_title", "hs_meeting_body", "hs_meeting_location"], "string"),
        "hs_meeting_start_time": "datetime",
        "hs_meeting_end_time": "datetime",
        "hs_meeting_outcome": ("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"),
    },
    "emails": {
        **dict.fromkeys(["hs_email_subject", "hs_email_text", "hs_email_html"], "string"),
        "hs_email_direction": ("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"),
        "hs_email_status": ("SENT", "FAILED", "BOUNCED"),
    },
}
READ_ONLY = frozenset(
    [
        "hs_object_id",
        "lastmodifieddate",
        "hs_lastmodifieddate",
        "hs_createdate",
        "hs_analytics_source",
        "hs_merged_object_ids",
        "hs_deal_stage_probability",
        "hs_is_closed_won",
        "hs_is_closed",
    ]
)
UNIQUE: dict[str, tuple[str, ...]] = {
    "contacts": ("email", "nexa_reference"),
    "companies": ("nexa_reference",),
    "deals": ("nexa_reference",),
}
REQUIRED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("notes", "tasks", "calls", "meetings", "emails"), ("hs_timestamp",)),
    "tickets": ("hs_pipeline_stage",),
}


def kind_of(name: str) -> str | None:
    """The kind's name, whether called by name, by id or in the singular."""
    return _NAMES.get(name)


@cache
def property_types(kind: str) -> PropertyTypes:
    """Every property of a kind, with its type or its values."""
    common: dict[str, Any] = {"hs_object_id": "number", "hs_lastmodifieddate": "datetime"}
    if kind not in DEFAULTS:
        common |= dict.fromkeys(("hs_timestamp", "hs_createdate"), "datetime")
        common["hubspot_owner_id"] = "string"
    return common | _TYPES[kind]


def property_definitions(kind: str) -> list[Json]:
    return [_definition(kind, name, said) for name, said in property_types(kind).items()]


def _definition(kind: str, name: str, said: Any) -> Json:
    is_choice = isinstance(said, tuple)
    values = said if is_choice else ()
    is_read_only = name in READ_ONLY
    return {
        "name": name,
        "label": name.removeprefix("hs_").replace("_", " ").capitalize(),
        "type": "enumeration" if is_choice else said,
        "fieldType": {"number": "number", "date": "date", "datetime": "date"}.get(
            "" if is_choice else said, "select" if is_choice else "text"
        ),
        "description": "",
        "groupName": f"{KINDS[kind][1]}information",
        "options": [
            {"label": _label(v), "value": v, "displayOrder": n, "hidden": False}
            for n, v in enumerate(values)
        ],
        "displayOrder": -1,
        "calculated": name.startswith("hs_is_") or name == "hs_deal_stage_probability",
        "externalOptions": name == "hubspot_owner_id",
        "hasUniqueValue": name in UNIQUE.get(kind, ()) and name != "email",
        "hidden": False,
        "hubspotDefined": not name.startswith("nexa_"),
        "formField": not is_read_only,
        "archived": False,
        "createdAt": iso(FIRST_DAY),
        "updatedAt": iso(FIRST_DAY),
        "modificationMetadata": {
            "archivable": name.startswith("nexa_"),
            "readOnlyDefinition": not name.startswith("nexa_"),
            "readOnlyValue": is_read_only,
        },
    }


def _label(value: str) -> str:
    known = dict(zip(("marketingqualifiedlead", "salesqualifiedlead"), ("MQL", "SQL"), strict=True))
    return known.get(value) or {s: label for s, label, _ in STAGES}.get(value) or value.capitalize()
