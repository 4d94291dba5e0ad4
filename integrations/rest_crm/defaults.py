"""The contract as we ship it; every line can be changed by a connection's settings."""

from __future__ import annotations

from integrations.rest_crm.fields import Kind

PATH_PREFIX = "/api/v1"

ENDPOINTS = """
lead.create = POST /leads
lead.update = PUT /leads/{id}
lead.activity = POST /leads/{id}/activities
lead.batch = POST /leads/batch
lead.list = GET /leads
property.create = POST /properties
property.update = PUT /properties/{id}
inquiry.create = POST /inquiries
deal.create = POST /deals
agent.list = GET /agents
webhook.create = POST /webhooks
webhook.list =
webhook.delete =
"""

FIELDS: dict[str, str] = {
    "lead": """
external_id = id, _id
id = externalReference, internalId
name = name, contactName
email = email
phone = phone, mobile
source = source, leadSource
status = status, stage
budget_min = budgetRange.min, budgetMin
budget_max = budgetRange.max, budgetMax
preferred_areas = preferredAreas
property = relatedProperty
owner = assignedAgent
utm_source = utmSource
notes = notes, description
lost_reason = reason, lostReason
created_at = createdDate, createdAt
updated_at = updatedAt, modifiedAt, updatedDate
""",
    "property": """
external_id = id, _id
id = internalId, externalReference
title = name, title
price = askingPrice, price
city = location.city, city
locality = location.locality, locality
status = status
owner_contact = owner
dealer = assignedAgent
updated_at = updatedAt, modifiedAt, updatedDate
""",
    "inquiry": """
external_id = id, _id
id = externalReference, internalId
lead = lead
property = property
message = message
utm_source = utmSource
""",
    "deal": """
external_id = id, _id
id = externalReference, internalId
lead = lead
name = name
amount = amount
property = property
""",
    "activity": """
external_id = id, _id
id = externalReference, internalId
kind = kind
at = at
note = note
""",
    "agent": """
external_id = id, _id
name = name
email = email
""",
    "webhook": """
external_id = id, _id
url = url
events = events
secret = secret
""",
}

# Fields that hold anything but a text.
KINDS: dict[str, dict[str, Kind]] = {
    "lead": {
        "status": "choice",
        "source": "choice",
        "budget_min": "number",
        "budget_max": "number",
        "preferred_areas": "list",
        "created_at": "moment",
        "updated_at": "moment",
    },
    "property": {"status": "choice", "price": "number", "updated_at": "moment"},
    "deal": {"amount": "number"},
    "activity": {"at": "moment"},
    "webhook": {"events": "list"},
}

LEAD_STATUS = """
new = new, inquiry
contacted = contacted, in_progress
qualified = qualified, hot
viewing_scheduled = viewing_scheduled
viewed = viewed
negotiating = negotiating
converted = won, closed_won, converted
lost = lost, closed_lost
"""

PROPERTY_STATUS = """
active = active
inactive = inactive
sold = sold
"""

# Event of ours, then how the other side calls it.
EVENTS = """
lead.created = lead.created
lead.updated = lead.updated
lead.status_changed = lead.status_changed
property.created = property.created
property.updated = property.updated
"""
SUBSCRIBED = ("lead.updated", "lead.status_changed", "property.updated")

# Where a web-hook, an answer and a page keep their parts.
ENVELOPE = """
event = event
entity = entityId
data = data
record = data
items = items, data, results
cursor = nextCursor, next_cursor
"""
LIST_QUERY = """
updated_since = updatedSince
cursor = cursor
"""

PRIORITIES = {"lead": "high", "property": "medium", "inquiry": "high", "dealer": "medium"}
TIMEOUT_MS = 30_000
RETRY_ATTEMPTS = 5
RETRY_DELAY_MS = 1_000
BATCH_SIZE = 100
