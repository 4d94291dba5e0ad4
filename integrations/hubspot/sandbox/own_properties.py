"""Properties that an app makes in the portal, beside those of HubSpot's own catalogue."""

from __future__ import annotations

from typing import Any

from integrations.hub.sandbox.vendor import Vendor
from integrations.hubspot.sandbox.catalog import PropertyTypes, property_types
from integrations.hubspot.sandbox.errors import ApiError, invalid
from integrations.hubspot.sandbox.moments import iso, now_ms

Json = dict[str, Any]
COLLECTION = "_properties"
NEEDED = ("name", "label", "type", "fieldType", "groupName")
MOST_UNIQUE = 10


class OwnProperties:
    """By kind and name, in memory and in the store."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.held: dict[str, dict[str, Json]] = {}

    def load(self) -> None:
        self.held.clear()
        for row in reversed(list(self.vendor.collection(COLLECTION).newest_first())):
            self.held.setdefault(row["kind"], {})[row["name"]] = row["definition"]

    def of(self, kind: str) -> dict[str, Json]:
        return self.held.get(kind, {})

    def types(self, kind: str) -> PropertyTypes:
        return {name: _type(said) for name, said in self.of(kind).items()}

    def unique(self, kind: str) -> list[str]:
        return [name for name, said in self.of(kind).items() if said["hasUniqueValue"]]

    def make(self, kind: str, given: Json) -> Json:
        """Raises 400 for what is no definition, 409 for a name that is taken."""
        definition = _definition(given)
        name = definition["name"]
        if name in property_types(kind) or name in self.of(kind):
            words = f"A property named '{name}' already exists."
            raise ApiError(409, words, "OBJECT_ALREADY_EXISTS")
        if definition["hasUniqueValue"] and len(self.unique(kind)) >= MOST_UNIQUE:
            raise ApiError(400, f"A kind of record has at most {MOST_UNIQUE} unique properties.")
        key = f"{kind}.{name}"
        row = {"id": key, "kind": kind, "name": name, "definition": definition}
        self.vendor.collection(COLLECTION).put(key, row)
        self.held.setdefault(kind, {})[name] = definition
        return definition


def _definition(given: Any) -> Json:
    if not isinstance(given, dict):
        raise invalid("a property must be an object")
    missing = [name for name in NEEDED if not given.get(name)]
    if missing:
        raise invalid(f"required fields were not set: {missing}")
    if given["name"] != given["name"].lower():
        raise ApiError(400, "Property names are in small letters.")
    now = iso(now_ms())
    return {
        "description": "",
        "options": [],
        "displayOrder": -1,
        "hasUniqueValue": False,
        "hidden": False,
        "formField": False,
        **given,
        "calculated": False,
        "externalOptions": False,
        "hubspotDefined": False,
        "archived": False,
        "createdAt": now,
        "updatedAt": now,
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyValue": False,
        },
    }


def _type(definition: Json) -> Any:
    """As the catalogue has it: a tuple is an enumeration's values."""
    if definition["type"] == "enumeration":
        return tuple(option["value"] for option in definition["options"])
    return definition["type"]
