"""What this CRM holds: records with ids of its own, and the web-hooks that tell of edits."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.hub.sandbox.deliveries import Message
from integrations.hub.sandbox.people import COLLEAGUES
from integrations.hub.sandbox.store import Json
from integrations.hub.sandbox.vendor import Vendor
from integrations.rest_crm.sandbox.dialect import spoken
from integrations.rest_crm.sandbox.errors import ApiError, invalid, missing
from integrations.rest_crm.sandbox.schema import REFERENCES, SCHEMAS

COLLECTIONS = {
    "lead": "leads",
    "property": "properties",
    "inquiry": "inquiries",
    "deal": "deals",
    "activity": "activities",
    "agent": "agents",
    "webhook": "webhooks",
}
# Our reference, under the name each kind has for it.
OUR_NAMES = {"property": "internalId"}
AGENTS = {
    "agent_121": ("Asha Rao", "asha@agents.example"),
    "agent_122": ("Ben Cole", "ben@agents.example"),
    "agent_123": ("Cleo Diaz", "cleo@agents.example"),
    **{
        f"agent_{number}": (colleague.name, colleague.email)
        for number, colleague in enumerate(COLLEAGUES, start=124)
    },
}
IDENTITY = ("name", "email", "phone", "externalReference", "internalId")
PAGE = 50
LARGEST_PAGE = 100
SECRETS, SWITCHES, COUNTERS = "_secrets", "_switches", "_counters"


class Books:
    """The rows of one request or one action; the caller holds the transaction."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor

    # --- Rows -----------------------------------------------------------------------------------

    def rows(self, kind: str) -> list[Json]:
        """Oldest first."""
        if kind == "agent":
            self._seed_agents()
        return list(self.vendor.collection(COLLECTIONS[kind]).newest_first())[::-1]

    def find(self, kind: str, row_id: str) -> Json:
        """Raises ApiError 404."""
        if kind == "agent":
            self._seed_agents()
        row = self.vendor.collection(COLLECTIONS[kind]).get(row_id)
        if row is None:
            raise missing(f"{kind} {row_id!r}")
        return row

    def create(self, kind: str, given: Json, **fixed: Any) -> Json:
        """Raises ApiError: 422, or 409 with the id for a reference that is known already."""
        values = SCHEMAS[kind].checked(given, is_new=True)
        self._check_references(values)
        self._check_new(kind, values)
        now = self._now()
        row = {
            "id": self._next_id(kind),
            **values,
            **fixed,
            "createdAt": now,
            "updatedAt": now,
        }
        if kind == "lead":
            row.setdefault("status", "new")
        self.save(kind, row)
        return row

    def update(self, kind: str, row_id: str, given: Json) -> tuple[Json, Json]:
        """The row after, and what changed. Raises ApiError 404 or 422."""
        before = self.find(kind, row_id)
        values = SCHEMAS[kind].checked(given, is_new=False)
        self._check_references(values)
        changed = {name: value for name, value in values.items() if before.get(name) != value}
        row = {**before, **changed, "updatedAt": self._now()}
        self.save(kind, row)
        return row, changed

    def save(self, kind: str, row: Json) -> None:
        self.vendor.collection(COLLECTIONS[kind]).put(row["id"], row)

    def delete(self, kind: str, row_id: str) -> None:
        self.find(kind, row_id)
        self.vendor.collection(COLLECTIONS[kind]).delete(row_id)
        self.vendor.collection(SECRETS).delete(row_id)

    def page(self, kind: str, asked: Mapping[str, str]) -> Json:
        """By time of change; the cursor is the last row's time and id, so equal times are safe."""
        since = _since(asked.get("updatedSince", ""))
        after = _cursor_read(asked.get("cursor", ""))
        limit = _limit(asked.get("limit", ""))
        found = sorted(
            (row for row in self.rows(kind) if _moment(row) >= since and _place(row) > after),
            key=_place,
        )
        shown = found[:limit]
        following = _cursor(shown[-1]) if len(found) > limit else None
        return {"items": [self.said(kind, row) for row in shown], "nextCursor": following}

    # --- Web-hooks ------------------------------------------------------------------------------

    def tell(self, kind: str, row: Json, changed: Json, *, is_new: bool = False) -> int:
        """Send one event to each address that asked for it; how many."""
        if kind not in ("lead", "property"):
            return 0
        sent = 0
        for hook in self.rows("webhook"):
            event = _event(kind, changed, hook["events"], is_new=is_new)
            if event:
                self.post(hook, event, kind, row, row if is_new else changed)
                sent += 1
        return sent

    def post(self, hook: Json, event: str, kind: str, row: Json, changed: Json) -> None:
        data = {name: row[name] for name in IDENTITY if row.get(name)}
        data |= {n: v for n, v in changed.items() if n not in ("id", "createdAt", "updatedAt")}
        body = {"event": event, "entityId": row["id"], "data": self.said(kind, data)}
        message = Message(hook["id"], hook["url"], event, event, json.dumps(body))
        self.vendor.post_webhook(message)

    # --- Switches -------------------------------------------------------------------------------

    def is_on(self, name: str) -> bool:
        return self.vendor.collection(SWITCHES).get(name) is not None

    def switch(self, name: str) -> bool:
        """Turn it over; how it is now."""
        switches = self.vendor.collection(SWITCHES)
        if self.is_on(name):
            switches.delete(name)
            return False
        switches.put(name, {"id": name})
        return True

    def said(self, kind: str, row: Json) -> Json:
        """As this CRM speaks of a record at the moment."""
        return spoken(kind, row) if self.is_on("dialect") else row

    # --- Checks ---------------------------------------------------------------------------------

    def _check_references(self, values: Json) -> None:
        for name, kind in REFERENCES.items():
            if values.get(name):
                try:
                    self.find(kind, values[name])
                except ApiError as error:
                    raise invalid(name, f"names no {kind} here") from error

    def _check_new(self, kind: str, values: Json) -> None:
        name = OUR_NAMES.get(kind, "externalReference")
        reference = values.get(name)
        if not reference:
            return
        for row in self.rows(kind):
            if row.get(name) == reference:
                words = f"{name} {reference!r} is taken by {row['id']}."
                raise ApiError(409, words, extra={"id": row["id"]})

    def _next_id(self, kind: str) -> str:
        counters = self.vendor.collection(COUNTERS)
        number = (counters.get(kind) or {"number": 100})["number"] + 1
        counters.put(kind, {"id": kind, "number": number})
        return f"agent_{number + 100}" if kind == "agent" else f"crm_{kind}_{number}"

    def _seed_agents(self) -> None:
        agents = self.vendor.collection(COLLECTIONS["agent"])
        if agents.count() == 0:
            for row_id, (name, address) in AGENTS.items():
                agents.put(row_id, {"id": row_id, "name": name, "email": address})

    def _now(self) -> str:
        return datetime.now(UTC).isoformat()


def _event(kind: str, changed: Json, wanted: list[str], *, is_new: bool) -> str:
    """The fitting event that this address asked for; empty when it asked for none."""
    names = [f"{kind}.updated"]
    if is_new:
        names.insert(0, f"{kind}.created")
    elif kind == "lead" and "status" in changed:
        names.insert(0, "lead.status_changed")
    return next((name for name in names if name in wanted), "")


# --- Pages --------------------------------------------------------------------------------------


def _place(row: Json) -> tuple[str, str]:
    return str(row["updatedAt"]), str(row["id"])


def _moment(row: Json) -> datetime:
    return datetime.fromisoformat(row["updatedAt"])


def _since(text: str) -> datetime:
    if not text:
        return datetime.min.replace(tzinfo=UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ApiError(400, "updatedSince must be an ISO 8601 time with its zone.")
    return found


def _limit(text: str) -> int:
    if not text:
        return PAGE
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        raise ApiError(400, f"limit must be from 1 to {LARGEST_PAGE}.")
    return int(text)


def _cursor(row: Json) -> str:
    return base64.urlsafe_b64encode("\n".join(_place(row)).encode()).decode()


def _cursor_read(text: str) -> tuple[str, str]:
    if not text:
        return ("", "")
    try:
        at, newline, row_id = base64.urlsafe_b64decode(text.encode()).decode().partition("\n")
    except (binascii.Error, ValueError) as error:
        raise ApiError(400, "This cursor is none of ours.") from error
    if not newline:
        raise ApiError(400, "This cursor is none of ours.")
    return at, row_id
