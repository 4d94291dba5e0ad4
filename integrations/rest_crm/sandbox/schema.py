"""What each kind of record takes; anything else is refused by the name of its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from integrations.hub.sandbox.store import Json
from integrations.rest_crm.sandbox.errors import invalid

LEAD_STATUSES = [
    "new",
    "inquiry",
    "contacted",
    "in_progress",
    "qualified",
    "hot",
    "viewing_scheduled",
    "viewed",
    "negotiating",
    "won",
    "closed_won",
    "converted",
    "lost",
    "closed_lost",
]
PROPERTY_STATUSES = ["active", "inactive", "sold"]
LONGEST = 10_000

Check = Callable[[str, Any], Any]


@dataclass(frozen=True)
class Schema:
    """Fields with their checks, those needed at creation, and names it also understands."""

    fields: Mapping[str, Check]
    required: tuple[str, ...] = ()
    also: Mapping[str, str] | None = None

    def checked(self, given: Json, *, is_new: bool) -> Json:
        """Raises ApiError 422. Null clears a field."""
        named = {(self.also or {}).get(name, name): value for name, value in given.items()}
        for name in self.required:
            if (is_new or name in named) and not named.get(name):
                raise invalid(name, "is required")
        checked: Json = {}
        for name, value in named.items():
            check = self.fields.get(name)
            if check is None:
                raise invalid(name, "is no field of this record")
            checked[name] = None if value is None else check(name, value)
        return checked


# --- Checks -------------------------------------------------------------------------------------


def text(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise invalid(name, f"must be a text of at most {LONGEST} characters")
    return value


def email(name: str, value: Any) -> str:
    if value and "@" not in text(name, value):
        raise invalid(name, "must be an e-mail address")
    return text(name, value)


def amount(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise invalid(name, "must be a number from 0")
    return value


def moment(name: str, value: Any) -> str:
    try:
        found = datetime.fromisoformat(text(name, value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise invalid(name, "must be an ISO 8601 time with its zone")
    return str(value)


def one_of(choices: list[str]) -> Check:
    def check(name: str, value: Any) -> str:
        if value not in choices:
            raise invalid(name, f"must be one of: {', '.join(choices)}")
        return str(value)

    return check


def areas(name: str, value: Any) -> list[str]:
    """A list, or a text with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise invalid(name, "must be a list of texts")
    return [part.strip() for part in parts if part.strip()]


def budget(name: str, value: Any) -> Json:
    if not isinstance(value, dict) or set(value) - {"min", "max"}:
        raise invalid(name, "must be an object with min and max")
    made = {end: amount(f"{name}.{end}", one) for end, one in value.items() if one is not None}
    if "min" in made and "max" in made and made["min"] > made["max"]:
        raise invalid(f"{name}.min", "must not be more than max")
    return made


def location(name: str, value: Any) -> Json:
    if not isinstance(value, dict) or set(value) - {"city", "locality"}:
        raise invalid(name, "must be an object with city and locality")
    return {part: text(f"{name}.{part}", one) for part, one in value.items() if one is not None}


def url(name: str, value: Any) -> str:
    parts = urlsplit(text(name, value))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid(name, "must be an http or https address")
    return str(value)


def events(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise invalid(name, "must be a list of event names")
    return value


# --- Kinds --------------------------------------------------------------------------------------

SCHEMAS: dict[str, Schema] = {
    "lead": Schema(
        {
            "externalReference": text,
            "name": text,
            "email": email,
            "phone": text,
            "source": text,
            "status": one_of(LEAD_STATUSES),
            "budgetRange": budget,
            "preferredAreas": areas,
            "relatedProperty": text,
            "assignedAgent": text,
            "utmSource": text,
            "notes": text,
            "reason": text,
            "createdDate": moment,
        },
        required=("name",),
        also={
            "contactName": "name",
            "mobile": "phone",
            "leadSource": "source",
            "stage": "status",
            "description": "notes",
        },
    ),
    "property": Schema(
        {
            "internalId": text,
            "name": text,
            "askingPrice": amount,
            "location": location,
            "status": one_of(PROPERTY_STATUSES),
            "owner": text,
            "assignedAgent": text,
        },
        required=("name",),
        also={"title": "name", "price": "askingPrice", "externalReference": "internalId"},
    ),
    "inquiry": Schema(
        {
            "externalReference": text,
            "lead": text,
            "property": text,
            "message": text,
            "utmSource": text,
        },
        required=("lead",),
    ),
    "deal": Schema(
        {
            "externalReference": text,
            "lead": text,
            "name": text,
            "amount": amount,
            "property": text,
        },
        required=("lead", "name"),
    ),
    "activity": Schema(
        {"externalReference": text, "kind": text, "at": moment, "note": text},
        required=("kind", "at"),
    ),
    "agent": Schema({"name": text, "email": email}, required=("name",)),
    "webhook": Schema(
        {"url": url, "events": events, "secret": text}, required=("url", "events", "secret")
    ),
}
# Fields that name another record, and its kind.
REFERENCES = {
    "relatedProperty": "property",
    "property": "property",
    "lead": "lead",
    "assignedAgent": "agent",
}
