"""The web-hooks of the app: where they go, and what they tell; by the developer account's key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests

from integrations.hub.errors import NotFound
from integrations.hub.http import session_for
from integrations.hub.models import Connection
from integrations.hubspot.client.paths import BASE
from integrations.hubspot.client.transport import reply_read
from integrations.hubspot.client.values import Json

CONCURRENT = 10


@dataclass(frozen=True)
class Subscription:
    """One kind of event; a change is subscribed to property by property."""

    event_type: str
    property_name: str = ""

    def as_json(self) -> Json:
        named = {"propertyName": self.property_name} if self.property_name else {}
        return {"eventType": self.event_type, "active": True, **named}


class AppHooks:
    """`/webhooks/v3/{app}/…`; its key opens the app and no portal."""

    def __init__(self, connection: Connection, app_id: str, key: str) -> None:
        self.connection = connection
        self.app_id = app_id
        self._key = key

    @cached_property
    def session(self) -> requests.Session:
        return session_for(self.connection)

    def target(self) -> str:
        """Where events go; empty when they go nowhere."""
        try:
            return str(self._ask("GET", "settings")["targetUrl"])
        except NotFound:
            return ""

    def target_set(self, url: str) -> None:
        throttling = {"maxConcurrentRequests": CONCURRENT}
        self._ask("PUT", "settings", {"targetUrl": url, "throttling": throttling})

    def target_clear(self) -> None:
        self._ask("DELETE", "settings")

    def subscriptions(self) -> dict[Subscription, tuple[str, bool]]:
        """With the id of each, and whether it is switched on."""
        rows = self._ask("GET", "subscriptions")["results"]
        return {
            Subscription(row["eventType"], row.get("propertyName") or ""): (
                str(row["id"]),
                bool(row["active"]),
            )
            for row in rows
        }

    def subscribe(self, wanted: Subscription) -> None:
        self._ask("POST", "subscriptions", wanted.as_json())

    def switch_on(self, identifier: str) -> None:
        self._ask("PATCH", f"subscriptions/{identifier}", {"active": True})

    def _ask(self, method: str, path: str, body: Any = None) -> Json:
        url = f"{BASE}/webhooks/v3/{self.app_id}/{path}"
        return reply_read(
            self.session.request(method, url, params={"hapikey": self._key}, json=body)
        )
