"""Makes our two properties at HubSpot: for our id, and for the key of our last write.

With them a repeated create finds the record of the first try, and our own change is told apart from
a person's. Without them (not wanted, no permission, no room) all works, only less surely.
"""

from __future__ import annotations

from dataclasses import dataclass

from integrations.hub.errors import Forbidden
from integrations.hub.marks import are_marks_wanted
from integrations.hub.models import Connection
from integrations.hubspot.calls import client_of
from integrations.hubspot.client import Client, NewProperty, Property, Refused
from integrations.hubspot.kinds import KINDS, NEXA_ID, NEXA_REV, Kind


@dataclass(frozen=True)
class Marked:
    """The kinds that have our properties, and in words what keeps others from having them."""

    kinds: tuple[str, ...]
    trouble: str = ""


def marks_ensure(connection: Connection) -> Marked:
    """Looks at every kind and makes what is missing, where that is wanted.

    A connection that only reads makes none.
    """
    if not are_marks_wanted(connection):
        return Marked(())
    client, marked, troubles = client_of(connection), [], []
    for kind in KINDS.values():
        try:
            is_marked = _ensured(client, kind, may_make=not connection.is_read_only)
        except (Forbidden, Refused) as error:
            troubles.append(f"{kind.name}: {error}")
            continue
        if is_marked:
            marked.append(kind.name)
    return Marked(tuple(marked), troubles[0] if troubles else "")


def _ensured(client: Client, kind: Kind, *, may_make: bool) -> bool:
    held = {one.name: one for one in client.properties(kind.name)}
    missing = [one for one in _wanted(_group(held)) if one.name not in held]
    if missing and may_make:
        errors = client.properties_create(kind.name, missing)
        # Somebody else may have made them meanwhile.
        held = {one.name: one for one in client.properties(kind.name)} if errors else held
        missing = [] if not errors else [one for one in missing if one.name not in held]
    elif missing:
        return False
    # One that was there before us and is not unique would not keep a second record away.
    found = held.get(NEXA_ID)
    return not missing and (found is None or found.is_unique)


def _group(held: dict[str, Property]) -> str:
    """The group most of HubSpot's own properties are in: every property must be in one."""
    names = [one.group for one in held.values() if one.is_hubspot_defined and one.group]
    return max(set(names), key=names.count) if names else ""


def _wanted(group: str) -> tuple[NewProperty, ...]:
    return (
        NewProperty(
            NEXA_ID,
            "Nexa CRM id",
            "The record's number in Nexa CRM. Do not edit.",
            group,
            is_unique=True,
        ),
        NewProperty(NEXA_REV, "Nexa CRM write", "The last write of Nexa CRM. Do not edit.", group),
    )
