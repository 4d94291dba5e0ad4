"""Records one at a time, and in pages: list, read, create, change, archive, merge."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.hubspot.client.transport import Transport
from integrations.hubspot.client.values import (
    Json,
    Link,
    ObjectPage,
    Properties,
    RemoteObject,
    links_as_json,
    object_read,
    page_read,
)
from integrations.hubspot.limits import LIST_PAGE


class ObjectCalls(Transport):
    """`/crm/…/objects/{kind}`; `kind` is a name such as contacts or an id such as 0-1."""

    def objects_list(
        self,
        kind: str,
        *,
        properties: Sequence[str] = (),
        associations: Sequence[str] = (),
        after: str = "",
        limit: int = LIST_PAGE,
        is_archived: bool = False,
    ) -> ObjectPage:
        """A page by id, of any number of records: what a first import uses, since it has no cap.

        A URL longer than about 15,000 characters is refused (414): read many properties by
        `objects_read` instead.
        """
        query = {
            "limit": limit,
            "after": after,
            "properties": properties,
            "associations": associations,
            "archived": is_archived or None,
        }
        return page_read(self.ask("GET", self.path("objects", kind), query=query))

    def object_get(
        self,
        kind: str,
        identifier: str,
        *,
        id_property: str = "",
        properties: Sequence[str] = (),
        associations: Sequence[str] = (),
        is_archived: bool = False,
    ) -> RemoteObject:
        """By id, or by a unique property. A merged record answers with the one it went into.

        Raises NotFound; an archived record is found with `is_archived` only.
        """
        query = {
            "idProperty": id_property,
            "properties": properties,
            "associations": associations,
            "archived": is_archived or None,
        }
        return object_read(self.ask("GET", self.path("objects", kind, identifier), query=query))

    def object_create(
        self, kind: str, properties: Properties, *, links: Sequence[Link] = ()
    ) -> RemoteObject:
        """Raises ExistsAlready with the id of the record that has the same unique value."""
        body: Json = {"properties": _writable(properties)}
        if links:
            body["associations"] = links_as_json(links)
        return object_read(self.ask("POST", self.path("objects", kind), body=body))

    def object_patch(
        self, kind: str, identifier: str, properties: Properties, *, id_property: str = ""
    ) -> RemoteObject:
        """Changes what is named and nothing else; None and an empty text clear a value."""
        return object_read(
            self.ask(
                "PATCH",
                self.path("objects", kind, identifier),
                query={"idProperty": id_property},
                body={"properties": _writable(properties)},
            )
        )

    def object_archive(self, kind: str, identifier: str) -> None:
        """Restorable for 90 days; one that is gone already is no error to HubSpot."""
        self.ask("DELETE", self.path("objects", kind, identifier))

    def objects_merge(self, kind: str, primary: str, merged: str) -> RemoteObject:
        """The record both became, which may have a new id."""
        body = {"primaryObjectId": primary, "objectIdToMerge": merged}
        return object_read(self.ask("POST", self.path("objects", kind, "merge"), body=body))

    def contact_erase(self, identifier: str, *, id_property: str = "") -> None:
        """Erases a person for good (privacy law); HubSpot also blocks the address."""
        body = {"objectId": identifier}
        if id_property:
            body["idProperty"] = id_property
        self.ask("POST", self.path("objects", "contacts", "gdpr-delete"), body=body)


def _writable(properties: Properties) -> dict[str, str]:
    return {name: "" if value is None else value for name, value in properties.items()}
