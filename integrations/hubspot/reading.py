"""Reads records by id and finds them by a unique value: archived, merged and linked ones too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from integrations.hub.errors import NotFound
from integrations.hub.models import Connection
from integrations.hub.streams import RemoteRecord
from integrations.hubspot.calls import client_of, reader
from integrations.hubspot.client import Client, Filter, Link, RemoteObject, Search
from integrations.hubspot.client.values import number_of
from integrations.hubspot.kinds import NEXA_ID, PRIMARY_TYPES, Kind
from integrations.hubspot.limits import ASSOCIATIONS_READ_BATCH, SEARCH_CAP, SEARCH_PAGE
from integrations.hubspot.translate import former_ids, properties_of

Links = Mapping[str, Mapping[str, str]]
# Those that a batch can be read by; anything else is searched for.
UNIQUE = frozenset({"email", NEXA_ID})


def read(
    connection: Connection, kind: Kind, ids: Sequence[str], fields: Sequence[str]
) -> list[RemoteRecord]:
    """Those that exist, archived ones as deleted, merged ones by their new id."""
    client, wanted = client_of(connection), list(dict.fromkeys(ids))
    properties = properties_of(fields, kind)
    answer = client.objects_read(kind.name, wanted, properties=properties)
    found = {row.id: row for row in answer.results}
    explained = {former for row in found.values() for former in former_ids(row)} | set(found)
    absent = [one for one in wanted if one not in explained]
    archived = _archived(client, kind, absent)
    said_missing = {one for error in answer.errors if error.is_missing for one in error.ids}
    asked_by = {}
    for one in absent:
        # The answer says neither that it is not there nor what it went into.
        row = (
            None if one in archived or one in said_missing else _one(client, kind, one, properties)
        )
        if row is not None:
            found[row.id], asked_by[row.id] = row, one
    records = told(connection, kind, fields, list(found.values()), asked_by)
    return [*records, *(RemoteRecord(one, is_deleted=True) for one in archived)]


def find(
    connection: Connection, kind: Kind, key: str, values: Sequence[str], fields: Sequence[str]
) -> list[RemoteRecord]:
    """The live records whose property `key` holds one of the values."""
    client, wanted = client_of(connection), list(dict.fromkeys(one for one in values if one))
    if not wanted:
        return []
    properties = (*properties_of(fields, kind), key)
    if key in UNIQUE:
        answer = client.objects_read(kind.name, wanted, properties=properties, id_property=key)
        rows = list(answer.results)
    else:
        rows = _searched(client, kind, Filter(key, "IN", values=tuple(wanted)), properties)
    return told(connection, kind, (*fields, key), rows)


def told(
    connection: Connection,
    kind: Kind,
    fields: Sequence[str],
    rows: Sequence[RemoteObject],
    asked_by: Mapping[str, str] | None = None,
) -> list[RemoteRecord]:
    """As the hub wants them; links are read for all of them at once."""
    links = links_read(client_of(connection), kind, [row.id for row in rows], tuple(fields))
    reading, asked = reader(connection, kind, tuple(dict.fromkeys(fields))), asked_by or {}
    return [
        reading.record(row, links.get(row.id, {}), former_id=asked.get(row.id, "")) for row in rows
    ]


def links_read(client: Client, kind: Kind, ids: Sequence[str], fields: tuple[str, ...]) -> Links:
    """The link that counts of each record, by the other kind; no request for no record."""
    found: dict[str, dict[str, str]] = {one: {} for one in ids}
    for to in kind.link_kinds(fields):
        for start in range(0, len(ids), ASSOCIATIONS_READ_BATCH):
            some = ids[start : start + ASSOCIATIONS_READ_BATCH]
            for identifier, links in _all_links(client, kind, to, some).items():
                if identifier in found and links:
                    found[identifier][to] = link_chosen(links)
    return found


def link_chosen(links: Iterable[Link]) -> str:
    """The primary one, else the oldest: the same whatever order they come in."""
    best = min(links, key=lambda one: (one.type_id not in PRIMARY_TYPES, number_of(one.to_id)))
    return best.to_id


def _all_links(
    client: Client, kind: Kind, to: str, ids: Sequence[str]
) -> dict[str, tuple[Link, ...]]:
    """With the later pages of those that have very many."""
    read = client.links_read(kind.name, to, ids)
    found = dict(read.links)
    for identifier, cursor in read.after.items():
        after = cursor
        while after:
            page = client.links_list(kind.name, identifier, to, after=after)
            found[identifier] = (*found[identifier], *page.links)
            after = page.after if page.after != after else ""
    return found


def _archived(client: Client, kind: Kind, ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    rows = client.objects_read(kind.name, ids, is_archived=True).results
    return [row.id for row in rows if row.id in ids]


def _one(
    client: Client, kind: Kind, identifier: str, properties: Sequence[str]
) -> RemoteObject | None:
    if not kind.can_merge:
        return None
    try:
        return client.object_get(kind.name, identifier, properties=properties)
    except NotFound:
        return None


def _searched(
    client: Client, kind: Kind, filter_: Filter, properties: Sequence[str]
) -> list[RemoteObject]:
    """All that fit, as far as one search gives them."""
    search = Search(((filter_,),), sort="hs_object_id", properties=properties, limit=SEARCH_PAGE)
    rows: list[RemoteObject] = []
    after = ""
    while True:
        page = client.objects_search(kind.name, search, after=after)
        rows += page.results
        if not page.after or int(page.after) + SEARCH_PAGE > SEARCH_CAP:
            return rows
        after = page.after
