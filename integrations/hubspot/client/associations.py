"""Links between records: read by record or by thousand, made plain or with a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from integrations.hubspot.client.batches import errors_in, size_check
from integrations.hubspot.client.transport import Transport
from integrations.hubspot.client.values import ItemError, Json, Link, after_of
from integrations.hubspot.limits import (
    ASSOCIATIONS_PAGE,
    ASSOCIATIONS_READ_BATCH,
    ASSOCIATIONS_WRITE_BATCH,
)


@dataclass(frozen=True)
class LinkPage:
    """Some links of one record; `after` is empty on the last page."""

    links: tuple[Link, ...]
    after: str = ""


@dataclass(frozen=True)
class LinksOfMany:
    """Links by the record they start from; `after` has those that have more pages."""

    links: Mapping[str, tuple[Link, ...]]
    after: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[ItemError, ...] = ()


class AssociationCalls(Transport):
    """`/crm/v4/…associations…`; a link has both directions, and may have several types."""

    def links_list(
        self, kind: str, identifier: str, to: str, *, after: str = "", limit: int = 0
    ) -> LinkPage:
        query = {"limit": limit or ASSOCIATIONS_PAGE, "after": after}
        path = self.path("object_links", kind, identifier, "associations", to)
        answer = self.ask("GET", path, query=query)
        return LinkPage(_links(answer["results"]), after_of(answer))

    def link_default(self, kind: str, identifier: str, to: str, to_id: str) -> None:
        """The plain link, without a label; safe to repeat."""
        self.ask(
            "PUT",
            self.path("object_links", kind, identifier, "associations", "default", to, to_id),
        )

    def link_labelled(
        self, kind: str, identifier: str, to: str, to_id: str, types: Sequence[Link]
    ) -> tuple[str, ...]:
        """Sets the types of `types` on the pair; the labels the pair has then."""
        answer = self.ask(
            "PUT",
            self.path("object_links", kind, identifier, "associations", to, to_id),
            body=[link.as_type() for link in types],
        )
        return tuple(answer.get("labels") or ())

    def link_remove(self, kind: str, identifier: str, to: str, to_id: str) -> None:
        """All links of the pair, whatever their type."""
        self.ask("DELETE", self.path("object_links", kind, identifier, "associations", to, to_id))

    def links_read(self, kind: str, to: str, ids: Sequence[str]) -> LinksOfMany:
        """Of up to 1,000 records; one without links is left out or among the errors."""
        size_check(ids, ASSOCIATIONS_READ_BATCH)
        answer = self.ask(
            "POST",
            self.path("associations", kind, to, "batch", "read"),
            body={"inputs": [{"id": identifier} for identifier in ids]},
        )
        rows = answer["results"]
        return LinksOfMany(
            links={str(row["from"]["id"]): _links(row["to"]) for row in rows},
            after={str(row["from"]["id"]): after_of(row) for row in rows if after_of(row)},
            errors=errors_in(answer),
        )

    def links_create(
        self, kind: str, to: str, pairs: Sequence[tuple[str, Link]]
    ) -> tuple[ItemError, ...]:
        """Up to 2,000 links, each from a record's id; what could not be linked comes back."""
        size_check(pairs, ASSOCIATIONS_WRITE_BATCH)
        inputs = [
            {"from": {"id": start}, "to": {"id": link.to_id}, "types": [link.as_type()]}
            for start, link in pairs
        ]
        path = self.path("associations", kind, to, "batch", "create")
        return errors_in(self.ask("POST", path, body={"inputs": inputs}))

    def links_archive(self, kind: str, to: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Takes all links of each pair away."""
        size_check(pairs, ASSOCIATIONS_WRITE_BATCH)
        inputs = [{"from": {"id": start}, "to": [{"id": end}]} for start, end in pairs]
        path = self.path("associations", kind, to, "batch", "archive")
        self.ask("POST", path, body={"inputs": inputs})

    def link_labels(self, kind: str, to: str) -> tuple[Link, ...]:
        """The types there are from one kind to another, the customer's own among them."""
        answer = self.ask("GET", self.path("associations", kind, to, "labels"))
        return tuple(_link("", row) for row in answer["results"])


def _links(rows: Sequence[Json]) -> tuple[Link, ...]:
    """One for each type of a pair."""
    return tuple(
        _link(str(row["toObjectId"]), kind) for row in rows for kind in row["associationTypes"]
    )


def _link(to_id: str, kind: Json) -> Link:
    return Link(to_id, int(kind["typeId"]), str(kind["category"]), str(kind.get("label") or ""))
