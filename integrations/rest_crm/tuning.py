"""What a connection's settings say of how it is worked with, as the hub asks for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from integrations.hub.errors import InvalidSettings
from integrations.hub.models import Connection
from integrations.hub.provider import Priority
from integrations.rest_crm.configuration import (
    configuration_of,
    priority_of,
    retrying_of,
    timeout_of,
)
from integrations.rest_crm.settings_reading import SettingsReader

# What is sent, and whose priority it has.
RANKED = {
    "lead": "lead",
    "property": "property",
    "inquiry_create": "inquiry",
    "activity_create": "lead",
    "deal_create": "lead",
}
ASSIGNED = frozenset({"owner", "dealer"})


def settings_check(settings: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """All that is wrong with a connection's settings, by setting and line."""
    try:
        configuration_of(settings)
    except InvalidSettings as refusal:
        return refusal.errors
    return {}


def read_seconds(connection: Connection) -> float:
    """How long this CRM may take to answer; our default where the setting cannot be read."""
    return timeout_of(SettingsReader(connection.settings))


def retry_delays(connection: Connection) -> tuple[float, ...]:
    return retrying_of(SettingsReader(connection.settings)).delays()


def priority(connection: Connection, kind: str, fields: Collection[str]) -> Priority:
    """An assignment alone has a rank of its own."""
    is_assignment = bool(fields) and set(fields) <= ASSIGNED
    name = "dealer" if is_assignment else RANKED.get(kind, "lead")
    return priority_of(SettingsReader(connection.settings), name)
