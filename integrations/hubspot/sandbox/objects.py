"""Records one by one: list, read, create, change, archive, merge, erase."""

from __future__ import annotations

from typing import Any

from integrations.hubspot.sandbox import shapes
from integrations.hubspot.sandbox.call import Call, Endpoint
from integrations.hubspot.sandbox.errors import invalid
from integrations.hubspot.sandbox.linking import links_at_creation

Json = dict[str, Any]
PATH = "/crm/v3/objects/{kind}"
SCOPE = "crm.objects.{kind}.{access}"


def listing(call: Call) -> Json:
    kind, table = call.portal.table(call.part("kind"))
    rows, following = table.page(
        call.start(), call.number("limit", 10, 100), is_archived=call.flag("archived")
    )
    wanted = call.listed("properties")
    results = [
        shapes.with_links(call, kind, row, shapes.record(call, kind, row, wanted)) for row in rows
    ]
    return shapes.page(call, results, following)


def read(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))
    row = call.portal.find(
        kind,
        call.part("id"),
        id_property=call.query.get("idProperty", ""),
        is_archived=call.flag("archived"),
    )
    return shapes.with_links(
        call, kind, row, shapes.record(call, kind, row, call.listed("properties"))
    )


def create(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))
    body = _object(call.body)
    links = links_at_creation(call, kind, body.get("associations") or [])
    row = call.portal.create(kind, body.get("properties") or {}, source=call.source)
    links(row["id"])
    return shapes.written(call, kind, row)


def patch(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))
    row = call.portal.find(kind, call.part("id"), id_property=call.query.get("idProperty", ""))
    changed = call.portal.change(
        kind, row, _object(call.body).get("properties") or {}, source=call.source
    )
    return shapes.written(call, kind, changed)


def archive(call: Call) -> None:
    """One that is gone already, or never was, is no error."""
    kind, _ = call.portal.table(call.part("kind"))
    row = call.portal.seek(kind, call.part("id"))
    if row is not None and not row["archived"]:
        call.portal.archive(kind, row, source=call.source)


def merge(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))
    body = _object(call.body)
    primary = call.portal.find(kind, str(body.get("primaryObjectId", "")))
    other = call.portal.find(kind, str(body.get("objectIdToMerge", "")))
    return shapes.written(call, kind, call.portal.merge(kind, primary, other, source=call.source))


def erase(call: Call) -> None:
    body = _object(call.body)
    row = call.portal.seek(
        "contacts", str(body.get("objectId", "")), str(body.get("idProperty") or "")
    )
    if row is not None:
        call.portal.erase("contacts", row, source=call.source)


def _object(body: Any) -> Json:
    if not isinstance(body, dict):
        raise invalid("the body must be an object")
    return body


ENDPOINTS = [
    Endpoint("GET", PATH, listing, scope=SCOPE),
    Endpoint("POST", PATH, create, 201, is_write=True, scope=SCOPE),
    Endpoint("POST", "/crm/v3/objects/contacts/gdpr-delete", erase, is_write=True, scope=SCOPE),
    Endpoint("POST", f"{PATH}/merge", merge, is_write=True, scope=SCOPE),
    Endpoint("GET", f"{PATH}/{{id}}", read, scope=SCOPE),
    Endpoint("PATCH", f"{PATH}/{{id}}", patch, is_write=True, scope=SCOPE),
    Endpoint("DELETE", f"{PATH}/{{id}}", archive, is_write=True, scope=SCOPE),
]
