"""What the portal is made of: account, owners, properties, pipelines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.hub.types import AccountInfo
from integrations.hubspot.client.batches import errors_in
from integrations.hubspot.client.paths import LEGACY
from integrations.hubspot.client.transport import Transport
from integrations.hubspot.client.values import ItemError, Json, after_of
from integrations.hubspot.limits import OWNERS_PAGE


@dataclass(frozen=True)
class Owner:
    """Somebody who can own records; a queue has no user behind it."""

    id: str
    email: str
    first_name: str
    last_name: str
    user_id: int | None
    is_queue: bool
    is_archived: bool


@dataclass(frozen=True)
class Property:
    """A field of a kind of record; `options` are (value, label), values go over the wire."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    options: tuple[tuple[str, str], ...]
    is_hubspot_defined: bool
    is_calculated: bool
    is_unique: bool
    is_read_only: bool


@dataclass(frozen=True)
class NewProperty:
    """A text field of our own; nobody sees it on HubSpot's forms."""

    name: str
    label: str
    description: str
    group: str
    is_unique: bool = False

    def as_json(self) -> Json:
        return {
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "groupName": self.group,
            "type": "string",
            "fieldType": "text",
            "hasUniqueValue": self.is_unique,
            "formField": False,
        }


@dataclass(frozen=True)
class Stage:
    """A step of a pipeline; `probability` is 0 to 1 as text, empty where there is none."""

    id: str
    label: str
    order: int
    probability: str
    is_closed: bool


@dataclass(frozen=True)
class Pipeline:
    """The stages of deals or tickets, in their order."""

    id: str
    label: str
    order: int
    stages: tuple[Stage, ...]


class SchemaCalls(Transport):
    """Small lists that change seldom."""

    def account(self) -> AccountInfo:
        """Whose portal the token opens; its id tells a second connection of the same one."""
        said = self.ask("GET", self.path("account", "details"))
        portal = str(said["portalId"])
        names = ("accountType", "timeZone", "companyCurrency", "uiDomain", "dataHostingLocation")
        details = {name: str(said.get(name) or "") for name in names}
        return AccountInfo(portal, f"HubSpot portal {portal}", details)

    def owners(self, *, email: str = "", is_archived: bool = False) -> Iterator[Owner]:
        """All of them, page after page."""
        # The legacy path ends with a slash, the dated one does not.
        path = self.path("owners", *([""] if self.version == LEGACY else []))
        query: dict[str, Any] = {
            "limit": OWNERS_PAGE,
            "email": email,
            "archived": is_archived or None,
        }
        after = ""
        while True:
            answer = self.ask("GET", path, query={**query, "after": after})
            yield from (_owner(row) for row in answer["results"])
            after = after_of(answer)
            if not after:
                return

    def properties(self, kind: str) -> tuple[Property, ...]:
        answer = self.ask("GET", self.path("properties", kind))
        return tuple(_property(row) for row in answer["results"])

    def properties_create(self, kind: str, given: Sequence[NewProperty]) -> tuple[ItemError, ...]:
        """Makes text properties of our own; one that is there already is among the errors."""
        path = self.path("properties", kind, "batch", "create")
        inputs = [one.as_json() for one in given]
        return errors_in(self.ask("POST", path, body={"inputs": inputs}))

    def pipelines(self, kind: str = "deals") -> tuple[Pipeline, ...]:
        """In their order, without the archived ones."""
        answer = self.ask("GET", self.path("pipelines", kind))
        found = [_pipeline(row) for row in answer["results"] if not row.get("archived")]
        return tuple(sorted(found, key=lambda pipeline: pipeline.order))


def _owner(row: Json) -> Owner:
    return Owner(
        id=str(row["id"]),
        email=row.get("email") or "",
        first_name=row.get("firstName") or "",
        last_name=row.get("lastName") or "",
        user_id=row.get("userId"),
        is_queue=row.get("type") == "QUEUE",
        is_archived=bool(row.get("archived")),
    )


def _property(row: Json) -> Property:
    return Property(
        name=row["name"],
        label=row.get("label") or row["name"],
        type=row.get("type") or "string",
        field_type=row.get("fieldType") or "",
        group=row.get("groupName") or "",
        options=tuple((o["value"], o.get("label") or o["value"]) for o in row.get("options") or ()),
        is_hubspot_defined=bool(row.get("hubspotDefined")),
        is_calculated=bool(row.get("calculated")),
        is_unique=bool(row.get("hasUniqueValue")),
        is_read_only=bool((row.get("modificationMetadata") or {}).get("readOnlyValue")),
    )


def _pipeline(row: Json) -> Pipeline:
    stages = [_stage(stage) for stage in row["stages"] if not stage.get("archived")]
    stages.sort(key=lambda stage: stage.order)
    return Pipeline(str(row["id"]), row["label"], int(row["displayOrder"]), tuple(stages))


def _stage(row: Json) -> Stage:
    """Metadata values are texts, `isClosed` as well."""
    metadata = row.get("metadata") or {}
    return Stage(
        id=str(row["id"]),
        label=row["label"],
        order=int(row["displayOrder"]),
        probability=str(metadata.get("probability") or ""),
        is_closed=str(metadata.get("isClosed") or "").lower() == "true",
    )
