"""What comes from HubSpot and goes to it, as frozen values; every property is a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
# None is a property without a value; to clear one an empty text is written.
Properties = Mapping[str, str | None]

HUBSPOT_DEFINED = "HUBSPOT_DEFINED"
UNLABELLED = "_unlabeled"


@dataclass(frozen=True)
class RemoteObject:
    """A record at HubSpot; `associations` are ids by the name of the other kind.

    The primary one comes first, the others by age.
    """

    id: str
    properties: Properties
    created_at: str
    updated_at: str
    is_archived: bool = False
    archived_at: str = ""
    associations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Of an upsert: whether it was made just now.
    is_new: bool = False
    trace: str = ""


@dataclass(frozen=True)
class ObjectPage:
    """One page; `after` is empty on the last one, `total` is there for searches only."""

    results: tuple[RemoteObject, ...]
    after: str = ""
    total: int | None = None


@dataclass(frozen=True)
class Link:
    """One end and kind of an association: to which record, by which type."""

    to_id: str
    type_id: int
    category: str = HUBSPOT_DEFINED
    label: str = ""

    def as_type(self) -> Json:
        return {"associationCategory": self.category, "associationTypeId": self.type_id}


@dataclass(frozen=True)
class BatchInput:
    """One row of a batch. `trace` comes back with the row's result or error.

    `id` is empty for a create; `id_property` names the unique property that `id` is a value of.
    """

    properties: Properties
    id: str = ""
    id_property: str = ""
    trace: str = ""
    links: tuple[Link, ...] = ()

    def as_json(self) -> Json:
        row: Json = {"properties": {k: "" if v is None else v for k, v in self.properties.items()}}
        named = {"id": self.id, "idProperty": self.id_property, "objectWriteTraceId": self.trace}
        row |= {name: value for name, value in named.items() if value}
        if self.links:
            row["associations"] = links_as_json(self.links)
        return row


@dataclass(frozen=True)
class ItemError:
    """What HubSpot says about rows of a batch that it did not take; the rest was done.

    `ids` and `traces` name the rows, as far as HubSpot says which they are.
    """

    message: str
    category: str
    ids: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    existing_id: str = ""

    @property
    def is_missing(self) -> bool:
        return self.category == "OBJECT_NOT_FOUND"

    @property
    def is_conflict(self) -> bool:
        return self.category == "CONFLICT"


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch: the rows that worked, and one error for each way others failed."""

    results: tuple[RemoteObject, ...]
    errors: tuple[ItemError, ...] = ()

    @property
    def is_complete(self) -> bool:
        return not self.errors


def object_read(row: Json) -> RemoteObject:
    return RemoteObject(
        id=str(row["id"]),
        properties=row.get("properties") or {},
        created_at=row.get("createdAt") or "",
        updated_at=row.get("updatedAt") or "",
        is_archived=bool(row.get("archived")),
        archived_at=row.get("archivedAt") or "",
        associations={
            kind: _linked_ids(held["results"])
            for kind, held in (row.get("associations") or {}).items()
        },
        is_new=bool(row.get("new")),
        trace=row.get("objectWriteTraceId") or "",
    )


def _linked_ids(rows: Sequence[Json]) -> tuple[str, ...]:
    """A pair has a row for each type; one that is unlabelled only is not the primary one."""
    main = {str(row["id"]) for row in rows if not str(row.get("type")).endswith(UNLABELLED)}
    ids = {str(row["id"]) for row in rows}
    return tuple(sorted(ids, key=lambda one: (one not in main, number_of(one))))


def number_of(identifier: str) -> tuple[int, str]:
    """To order ids by: they are numbers, written as texts."""
    return (int(identifier) if identifier.isdecimal() else 0, identifier)


def page_read(answer: Json) -> ObjectPage:
    return ObjectPage(
        results=tuple(object_read(row) for row in answer["results"]),
        after=after_of(answer),
        total=answer.get("total"),
    )


def after_of(answer: Json) -> str:
    """Where the next page begins; empty when there is none."""
    return str(((answer.get("paging") or {}).get("next") or {}).get("after") or "")


def links_as_json(links: Sequence[Link]) -> list[Json]:
    return [{"to": {"id": link.to_id}, "types": [link.as_type()]} for link in links]
