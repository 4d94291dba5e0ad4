"""Pages of records: all there are by list, what changed by search; each page is one request.

A list has no cap and brings links along; a search is sorted by the time of change and capped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.hub.errors import Rejected
from integrations.hub.models import Connection
from integrations.hub.streams import Page, PullRequest
from integrations.hubspot.calls import client_of, reader
from integrations.hubspot.changes import Place, changes_page
from integrations.hubspot.client import Client, ObjectPage
from integrations.hubspot.kinds import Kind
from integrations.hubspot.reading import told
from integrations.hubspot.translate import milliseconds, properties_of

# HubSpot refuses longer addresses (15,000) with 414.
LONGEST_PROPERTIES = 12_000


def pull(connection: Connection, kind: Kind, request: PullRequest) -> Page:
    """One page and where the next begins."""
    cursor = request.cursor or {}
    if "since" in cursor:
        return _changed(connection, kind, request, Place.of(cursor))
    if not cursor and request.since is not None:
        return _changed(connection, kind, request, Place(milliseconds(request.since)))
    return _listed(connection, kind, request, cursor)


def _changed(connection: Connection, kind: Kind, request: PullRequest, place: Place) -> Page:
    client, properties = client_of(connection), properties_of(request.fields, kind)
    found, following = changes_page(client, kind, place, properties)
    records = told(connection, kind, request.fields, found.results)
    return Page(records, following.as_json() if following else None, found.total)


def _listed(
    connection: Connection, kind: Kind, request: PullRequest, cursor: Mapping[str, Any]
) -> Page:
    """The live ones, then the archived ones, of which nothing but the id is asked."""
    client, is_archived = client_of(connection), bool(cursor.get("archived"))
    after = str(cursor.get("after") or "")
    properties = properties_of(request.fields, kind)
    is_long = len(",".join(properties)) > LONGEST_PROPERTIES
    found = client.objects_list(
        kind.name,
        properties=(kind.modified,) if is_archived or is_long else properties,
        associations=() if is_archived or is_long else kind.link_kinds(request.fields),
        after=after,
        is_archived=is_archived,
    )
    following = _after_list(found, after, is_archived=is_archived)
    if is_long and not is_archived and found.results:
        return Page(
            told(connection, kind, request.fields, _whole(client, kind, found, properties)),
            following,
        )
    reading = reader(connection, kind, request.fields)
    return Page([reading.record(row) for row in found.results], following)


def _whole(client: Client, kind: Kind, found: ObjectPage, properties: tuple[str, ...]) -> Any:
    """More properties than an address holds are read by batch."""
    ids = [row.id for row in found.results]
    return client.objects_read(kind.name, ids, properties=properties).results


def _after_list(found: ObjectPage, after: str, *, is_archived: bool) -> Mapping[str, Any] | None:
    if found.after and found.after == after:
        raise Rejected(f"HubSpot's list does not get on: it leads from {after} to {after} again.")
    if found.after:
        return {"after": found.after, "archived": is_archived}
    return None if is_archived else {"after": "", "archived": True}
