"""Which field of HubSpot's is which of ours, until an admin says otherwise; plain tables.

Rules: e-mail ours, names by the later change, lifecycle and deal stage theirs, score tier ours, the
rest by the later change.
"""

from __future__ import annotations

from integrations.hub.merge import Direction, Rule
from integrations.hub.streams import Json, MappingRow, ValueRow
from integrations.hubspot.kinds import FIRST_WORDS

PULL = Direction.PULL
OWNER: tuple[Json, ...] = ({"kind": "owner"},)
LOWER: tuple[Json, ...] = ({"kind": "lower"},)
PHONE: tuple[Json, ...] = ({"kind": "phone_format"},)
TIME: tuple[Json, ...] = ({"kind": "date_parse"},)
DAY: tuple[Json, ...] = ({"kind": "date_parse", "is_date": True},)
NUMBER: tuple[Json, ...] = ({"kind": "number", "is_text": True},)
SHARE: tuple[Json, ...] = ({"kind": "number", "factor": "100", "is_text": True},)


def _link(kind: str) -> tuple[Json, ...]:
    return ({"kind": "link", "name": kind},)


def _choice(name: str) -> tuple[Json, ...]:
    return ({"kind": "picklist", "name": name},)


def _record(name: str) -> tuple[Json, ...]:
    return ({"kind": "reference", "name": name},)


def _values(*pairs: tuple[str, str]) -> tuple[ValueRow, ...]:
    return tuple(ValueRow(theirs, ours) for theirs, ours in pairs)


COMPANY = (
    MappingRow("name", "name", is_required=True),
    MappingRow("domain", "domain", LOWER),
    MappingRow("phone", "phone", PHONE),
    # A list of words of HubSpot's own: free text of ours would be refused, and the record with it.
    MappingRow("industry", "industry", direction=PULL),
    MappingRow("street", "address"),
    MappingRow("city", "city"),
    MappingRow("region", "state"),
    MappingRow("postal_code", "zip"),
    MappingRow("country", "country"),
    MappingRow("owner", "hubspot_owner_id", OWNER),
)
CONTACT = (
    MappingRow("first_name", "firstname"),
    MappingRow("last_name", "lastname"),
    MappingRow("email", "email", LOWER, rule=Rule.OURS_WINS),
    MappingRow("phone", "phone", PHONE),
    MappingRow("mobile", "mobilephone", PHONE),
    MappingRow("title", "jobtitle"),
    MappingRow("account", "@companies", _link("companies")),
    MappingRow("lifecycle", "lifecyclestage", _choice("lifecycle"), rule=Rule.THEIRS_WINS),
    MappingRow("score_tier", "hs_lead_status", _choice("score_tier"), rule=Rule.OURS_WINS),
    MappingRow("owner", "hubspot_owner_id", OWNER),
    MappingRow("source", "hs_analytics_source", direction=PULL),
)
DEAL = (
    MappingRow("name", "dealname", is_required=True),
    MappingRow("pipeline", "pipeline", _record("pipeline"), rule=Rule.THEIRS_WINS),
    MappingRow("stage", "dealstage", _record("stage"), rule=Rule.THEIRS_WINS),
    MappingRow("amount", "amount", NUMBER),
    MappingRow("currency", "deal_currency_code"),
    MappingRow("close_date", "closedate", DAY),
    MappingRow("probability", "hs_deal_stage_probability", SHARE, direction=PULL),
    MappingRow("lost_reason", "closed_lost_reason"),
    MappingRow("account", "@companies", _link("companies")),
    MappingRow("primary_contact", "@contacts", _link("contacts")),
    MappingRow("owner", "hubspot_owner_id", OWNER),
)
_ABOUT = (
    MappingRow("occurred_at", "hs_timestamp", TIME, is_required=True),
    MappingRow("contact", "@contacts", _link("contacts")),
    MappingRow("account", "@companies", _link("companies")),
    MappingRow("deal", "@deals", _link("deals")),
    MappingRow("actor", "hubspot_owner_id", OWNER),
)
NOTE = (
    MappingRow("subject", FIRST_WORDS, direction=PULL),
    MappingRow("body", "hs_note_body"),
    *_ABOUT,
)
CALL = (
    MappingRow("subject", "hs_call_title", is_required=True),
    MappingRow("body", "hs_call_body"),
    MappingRow("direction", "hs_call_direction", _choice("call_direction")),
    *_ABOUT,
)
MEETING = (
    MappingRow("subject", "hs_meeting_title", is_required=True),
    MappingRow("body", "hs_meeting_body"),
    *_ABOUT,
)
TASK = (
    MappingRow("title", "hs_task_subject", is_required=True),
    MappingRow("notes", "hs_task_body"),
    MappingRow("due_at", "hs_timestamp", TIME),
    MappingRow("status", "hs_task_status", _choice("task_status")),
    MappingRow("priority", "hs_task_priority", _choice("task_priority")),
    MappingRow("kind", "hs_task_type", _choice("task_kind")),
    MappingRow("contact", "@contacts", _link("contacts")),
    MappingRow("account", "@companies", _link("companies")),
    MappingRow("deal", "@deals", _link("deals")),
    MappingRow("assigned_to", "hubspot_owner_id", OWNER),
)
LIFECYCLE = {
    "lifecycle": _values(
        ("lead", "lead"),
        ("subscriber", "lead"),
        ("other", "lead"),
        ("marketingqualifiedlead", "mql"),
        ("salesqualifiedlead", "sql"),
        ("opportunity", "opportunity"),
        ("customer", "customer"),
        ("evangelist", "customer"),
    ),
    "score_tier": _values(
        ("OPEN_DEAL", "hot"),
        ("CONNECTED", "hot"),
        ("IN_PROGRESS", "warm"),
        ("OPEN", "warm"),
        ("ATTEMPTED_TO_CONTACT", "warm"),
        ("NEW", "cold"),
        ("BAD_TIMING", "cold"),
        ("UNQUALIFIED", "cold"),
    ),
}
# NONE, URGENT, FOLLOW_UP and the like are words of our own for HubSpot: see WIDER in translate.py.
DIRECTIONS = {
    "call_direction": _values(("OUTBOUND", "outbound"), ("INBOUND", "inbound"), ("NONE", "none"))
}
TASK_WORDS = {
    "task_status": _values(
        ("NOT_STARTED", "open"),
        ("IN_PROGRESS", "open"),
        ("WAITING", "open"),
        ("COMPLETED", "done"),
        ("DEFERRED", "cancelled"),
    ),
    "task_priority": _values(
        ("LOW", "low"),
        ("MEDIUM", "normal"),
        ("NONE", "normal"),
        ("HIGH", "high"),
        ("URGENT", "urgent"),
    ),
    "task_kind": _values(
        ("TODO", "todo"),
        ("CALL", "call"),
        ("EMAIL", "email"),
        ("FOLLOW_UP", "follow_up"),
        ("MEETING_PREP", "meeting_prep"),
        ("PAYMENT_RECOVERY", "payment_recovery"),
    ),
}
