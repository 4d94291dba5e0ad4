"""The web-hook sender: what a request changed goes out in arrays of up to 100 events, signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import random
import re
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from integrations.hub.sandbox.deliveries import Message
from integrations.hub.sandbox.vendor import Vendor
from integrations.hubspot.sandbox.catalog import (
    APP_ID,
    CLIENT_SECRET,
    KINDS,
    PORTAL_ID,
    property_types,
)
from integrations.hubspot.sandbox.moments import iso, now_ms

Json = dict[str, Any]
APP = "_app"
ARRAY = 100
REMEMBERED = 200
TOLD_KINDS = ("contacts", "companies", "deals", "tickets")
STALE_MS = 301_000
DECODED = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
# The words of the API and of the page a person uses.
BY_API, BY_HAND = "INTEGRATION", "CRM_UI"


class Announcer:
    """Collects events while a request is worked on; `flush` sends them."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.shuffles = False
        self.doubles = False
        self.stale = 0
        self.sent: deque[Json] = deque(maxlen=REMEMBERED)
        self._pending: list[Json] = []
        self._app: Json | None = None
        self._wanted: dict[tuple[str, str | None], str] = {}
        self._numbers = itertools.count(100)

    def forget(self) -> None:
        self.shuffles, self.doubles, self.stale = False, False, 0
        self._app = None
        self._pending.clear()
        self.sent.clear()

    # --- What happened --------------------------------------------------------------------------

    def created(self, kind: str, row: Json, values: Mapping[str, str], *, source: str) -> None:
        self._tell(kind, "creation", source, objectId=int(row["id"]), changeFlag="CREATED")
        self.changed(kind, row, values, source=source)

    def changed(self, kind: str, row: Json, values: Mapping[str, str], *, source: str) -> None:
        for name, value in values.items():
            self._tell(
                kind,
                "propertyChange",
                source,
                objectId=int(row["id"]),
                propertyName=name,
                propertyValue=value,
                isSensitive=False,
            )

    def deleted(self, kind: str, identifier: str, *, source: str, is_private: bool = False) -> None:
        said = {"objectId": int(identifier), "changeFlag": "DELETED"}
        self._tell(kind, "deletion", source, **said)
        if is_private:
            self._tell(kind, "privacyDeletion", source, **said)

    def restored(self, kind: str, identifier: str, *, source: str) -> None:
        self._tell(kind, "restore", source, objectId=int(identifier), changeFlag="RESTORED")

    def merged(
        self, kind: str, primary: str, other: str, target: str, moved: int, *, source: str
    ) -> None:
        self._tell(
            kind,
            "merge",
            source,
            objectId=int(target),
            primaryObjectId=int(primary),
            mergedObjectIds=[int(other)],
            newObjectId=int(target),
            numberOfPropertiesMoved=moved,
        )

    def linked(
        self, start: tuple[str, str], end: tuple[str, str], *, source: str, is_removed: bool = False
    ) -> None:
        """Told from both ends, as each kind is subscribed by itself."""
        for one, other in ((start, end), (end, start)):
            if one[0] in TOLD_KINDS:
                names = f"{KINDS[one[0]][1]}_TO_{KINDS[other[0]][1]}".upper()
                self._tell(
                    one[0],
                    "associationChange",
                    source,
                    associationType=names,
                    fromObjectId=int(one[1]),
                    toObjectId=int(other[1]),
                    associationRemoved=is_removed,
                    isPrimaryAssociation=False,
                )

    # --- Sending --------------------------------------------------------------------------------

    def flush(self) -> None:
        """Arrays of at most 100; with the switches on, in any order and twice."""
        events, self._pending = self._pending, []
        if not events:
            return
        self.sent.extend(events)
        if self.doubles:
            events = events * 2
        if self.shuffles:
            random.shuffle(events)
        target = self.app()["targetUrl"]
        for start in range(0, len(events), ARRAY):
            self.post(target, events[start : start + ARRAY])

    def post(self, target: str, events: list[Json]) -> None:
        kinds = {event["subscriptionType"] for event in events}
        self.vendor.post_webhook(
            Message(
                endpoint=target,
                url=target,
                event=f"{events[0]['eventId']} and {len(events) - 1} more"
                if len(events) > 1
                else str(events[0]["eventId"]),
                kind=", ".join(sorted(kinds))[:200],
                body=json.dumps(events, ensure_ascii=False, separators=(",", ":")),
            )
        )

    def headers(self, target: str, body: bytes) -> dict[str, str]:
        """Version 3 over the configured address, and the old version 1 beside it."""
        sent_at = now_ms()
        if self.stale:
            self.stale -= 1
            sent_at -= STALE_MS
        url = DECODED.sub(lambda found: unquote(found.group()), target)
        signed = b"POST" + url.encode() + body + str(sent_at).encode()
        digest = hmac.new(CLIENT_SECRET.encode(), signed, hashlib.sha256).digest()
        return {
            "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
            "X-HubSpot-Request-Timestamp": str(sent_at),
            "X-HubSpot-Signature": hashlib.sha256(CLIENT_SECRET.encode() + body).hexdigest(),
            "X-HubSpot-Signature-Version": "v1",
            "User-Agent": "HubSpot Connect 2.0 (http://dev.hubspot.com/)",
        }

    # --- The app's settings ---------------------------------------------------------------------

    def app(self) -> Json:
        """Where web-hooks go, and which are asked for."""
        if self._app is None:
            found = self.vendor.collection(APP).get("app")
            self._app = found or {"id": "app", "targetUrl": "", "subscriptions": first()}
            self._wanted = {
                (row["eventType"], row.get("propertyName")): row["id"]
                for row in self._app["subscriptions"]
                if row["active"]
            }
        return self._app

    def app_save(self, app: Json) -> None:
        self.vendor.collection(APP).put("app", app)
        self._app = None

    def _tell(self, kind: str, act: str, source: str, **said: Any) -> None:
        if kind not in TOLD_KINDS or not self.app()["targetUrl"]:
            return
        event_type = f"{KINDS[kind][1]}.{act}"
        subscription = self._wanted.get((event_type, said.get("propertyName")))
        if subscription is None:
            return
        self._pending.append(
            {
                "eventId": next(self._numbers),
                "subscriptionId": int(subscription),
                "portalId": PORTAL_ID,
                "appId": APP_ID,
                "occurredAt": now_ms(),
                "subscriptionType": event_type,
                "attemptNumber": 0,
                **said,
                "changeSource": source,
                "sourceId": str(APP_ID) if source == BY_API else "userId:9001",
            }
        )


def attempted(body: bytes, attempt: int) -> bytes:
    """The body of a later attempt, which says that it is one."""
    events = [{**event, "attemptNumber": attempt} for event in json.loads(body)]
    return json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode()


def first() -> list[Json]:
    """What the app's project file asks for: everything of the kinds that are told."""
    wanted: list[tuple[str, str | None]] = []
    for kind in TOLD_KINDS:
        word = KINDS[kind][1]
        acts = ("creation", "deletion", "merge", "restore", "associationChange")
        wanted += [(f"{word}.{act}", None) for act in acts]
        wanted += [(f"{word}.propertyChange", name) for name in property_types(kind)]
    wanted.append(("contact.privacyDeletion", None))
    return [
        {
            "id": str(number),
            "eventType": event_type,
            "active": True,
            "createdAt": iso(0),
            **({"propertyName": name} if name else {}),
        }
        for number, (event_type, name) in enumerate(wanted, 201)
    ]
