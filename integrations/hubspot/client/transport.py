"""One call to HubSpot through the hub's session: token on it, JSON out, errors typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import requests

from integrations.hub.errors import RetryLater
from integrations.hub.http import session_for
from integrations.hub.models import Connection
from integrations.hub.oauth import access_token
from integrations.hubspot.client.errors import error_of
from integrations.hubspot.client.paths import BASE, LEGACY, Family, path_render
from integrations.hubspot.client.values import Json

VERSION_SETTING = "crm_version"
ZONE_SETTING = "time_zone"


class Transport:
    """What all calls share: the session, the version of the paths, the token."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def version(self) -> str:
        return str(self.connection.settings.get(VERSION_SETTING) or LEGACY)

    @cached_property
    def session(self) -> requests.Session:
        return session_for(self.connection)

    def path(self, family: Family, *parts: str) -> str:
        return path_render(self.version, family, *parts)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Json:
        """The reply as plain data, empty for 204. Raises HubError, and what requests raises."""
        headers = {"Authorization": f"Bearer {access_token(self.connection)}"}
        response = self.session.request(
            method, BASE + path, params=query_plain(query or {}), json=body, headers=headers
        )
        return reply_read(response, str(self.connection.settings.get(ZONE_SETTING) or ""))


def reply_read(response: requests.Response, time_zone: str = "") -> Json:
    """Raises the HubError of the status, or RetryLater for a 2xx that is not JSON."""
    refusal = error_of(response, time_zone)
    if refusal is not None:
        raise refusal
    if not response.content:
        return {}
    try:
        said = response.json()
    except ValueError as error:
        raise RetryLater("HubSpot's answer is not JSON.", status=response.status_code) from error
    return said if isinstance(said, dict) else {"results": said}


def query_plain(query: Mapping[str, Any]) -> dict[str, str]:
    """Lists with commas, booleans in small letters, and nothing that is empty."""
    return {name: _plain(value) for name, value in query.items() if value not in (None, "", (), [])}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ",".join(str(item) for item in value)
    return str(value)
