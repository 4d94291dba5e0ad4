"""What the callables of this provider share: the client, the portal's settings, its markers."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from integrations.hub.models import Connection
from integrations.hubspot.client import Client
from integrations.hubspot.client.transport import ZONE_SETTING
from integrations.hubspot.kinds import NEXA_ID, NEXA_REV, Kind
from integrations.hubspot.translate import Reader, zone_of

# The kinds of record that have our two properties, as found when the account was connected.
MARKED_SETTING = "marked_kinds"
DOMAIN_SETTING = "ui_domain"


def client_of(connection: Connection) -> Client:
    return Client(connection)


def zone(connection: Connection) -> datetime.tzinfo:
    return zone_of(str(connection.settings.get(ZONE_SETTING) or ""))


def reader(connection: Connection, kind: Kind, fields: Sequence[str]) -> Reader:
    return Reader(kind, tuple(fields), zone(connection))


def markers(connection: Connection, kind: Kind) -> tuple[str, str]:
    """The properties for our id and for the key of our last write; empty where there are none."""
    marked = connection.settings.get(MARKED_SETTING) or ()
    return (NEXA_ID, NEXA_REV) if kind.name in marked else ("", "")


def record_url(connection: Connection, kind: Kind, identifier: str) -> str:
    """The record's page at HubSpot; empty while the portal is not known."""
    portal = connection.remote_account_id
    host = str(connection.settings.get(DOMAIN_SETTING) or "app.hubspot.com")
    if not portal:
        return ""
    return f"https://{host}/contacts/{portal}/record/{kind.identifier}/{identifier}"
