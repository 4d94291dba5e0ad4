"""Associations: of one record, in batches, and those made together with a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.hubspot.sandbox import shapes
from integrations.hubspot.sandbox.call import Call, Endpoint
from integrations.hubspot.sandbox.catalog import KINDS
from integrations.hubspot.sandbox.errors import NOT_FOUND, ApiError, invalid, not_found
from integrations.hubspot.sandbox.links import DEFINED, LINK_TYPES, LinkType

Json = dict[str, Any]
End = tuple[str, str]
ONE = "/crm/v4/objects/{kind}/{id}/associations"
MANY = "/crm/v4/associations/{kind}/{to}"
READ_MOST, WRITE_MOST = 1000, 2000
SCOPE = "crm.objects.{kind}.{access}"


def listing(call: Call) -> Json:
    start = _end(call, "kind", "id")
    to, _ = call.portal.table(call.part("to"))
    return _links_page(call, start, to, call.start(), call.number("limit", 500, 500))


def put_default(call: Call) -> Json:
    start, end = _end(call, "kind", "id"), _end(call, "to", "to_id")
    plain = _link(call, start, end, [])
    back = LINK_TYPES[end[0], start[0]][0][0]
    return shapes.batch([_default(start, end, plain), _default(end, start, back)], [])


def put_labelled(call: Call) -> Json:
    start, end = _end(call, "kind", "id"), _end(call, "to", "to_id")
    _link(call, start, end, _types(call.body, start[0], end[0]))
    return _pair(call, start, end)


def remove(call: Call) -> None:
    start, end = _end(call, "kind", "id"), _end(call, "to", "to_id")
    if call.portal.links.remove(start, end):
        call.portal.announcer.linked(start, end, source=call.source, is_removed=True)


def labels(call: Call) -> Json:
    kind, to = _kinds(call)
    types = LINK_TYPES[kind, to]
    rows = [{"category": DEFINED, "typeId": number, "label": label} for number, label in types]
    return {"results": rows}


def batch_read(call: Call) -> Json:
    kind, to = _kinds(call)
    results, missing = [], []
    for given in _inputs(call, READ_MOST):
        start = (kind, str(given.get("id", "")))
        after = str(given.get("after") or "0")
        if not call.portal.links.of(*start, to):
            missing.append(start[1])
            continue
        page = _links_page(call, start, to, int(after) if after.isdecimal() else 0, 500)
        held: Json = {"from": {"id": start[1]}, "to": page["results"]}
        results.append(held | {"paging": page["paging"]} if "paging" in page else held)
    return shapes.batch(results, [_without(kind, to, missing)] if missing else [])


def batch_create(call: Call) -> Json:
    kind, to = _kinds(call)
    results, errors = [], []
    for given in _inputs(call, WRITE_MOST):
        start, end = (kind, _id_of(given, "from")), (to, _id_of(given, "to"))
        try:
            _check_live(call, start)
            _check_live(call, end)
            _link(call, start, end, _types(given.get("types"), kind, to))
        except ApiError as error:
            errors.append(error.as_row({"fromObjectId": [start[1]], "toObjectId": [end[1]]}))
        else:
            results.append(_pair(call, start, end))
    return shapes.batch(results, errors)


def batch_archive(call: Call) -> None:
    kind, to = _kinds(call)
    for given in _inputs(call, WRITE_MOST):
        start = (kind, _id_of(given, "from"))
        for other in given.get("to") or ():
            end = (to, str(other.get("id", "")))
            if call.portal.links.remove(start, end):
                call.portal.announcer.linked(start, end, source=call.source, is_removed=True)


def links_at_creation(call: Call, kind: str, given: list[Json]) -> Callable[[str], None]:
    """Judged before the record is made, linked afterwards."""
    wanted: list[tuple[End, list[LinkType]]] = []
    for row in given:
        to_id = _id_of(row, "to")
        numbers = {spec.get("associationTypeId") for spec in row.get("types") or ()}
        to = _kind_by_types(kind, numbers)
        end = (to, to_id)
        _check_live(call, end)
        wanted.append((end, _types(row.get("types"), kind, to)))

    def link(identifier: str) -> None:
        for end, types in wanted:
            _link(call, (kind, identifier), end, types)

    return link


# --- Parts --------------------------------------------------------------------------------------


def _kind_by_types(kind: str, numbers: set[Any]) -> str:
    """The other kind is named by the type alone."""
    for (start, to), types in LINK_TYPES.items():
        if start == kind and numbers & {number for number, _ in types}:
            return to
    raise ApiError(400, f"No association type {sorted(map(str, numbers))} of {kind} exists.")


def _link(call: Call, start: End, end: End, types: list[LinkType]) -> int:
    """The plain type of the pair; the web-hook tells new pairs only."""
    _check_pair(start[0], end[0])
    is_new = end[1] not in call.portal.links.of(*start, end[0])
    call.portal.links.add(start, end, types)
    if is_new:
        call.portal.announcer.linked(start, end, source=call.source)
    return LINK_TYPES[start[0], end[0]][0][0]


def _types(given: Any, kind: str, to: str) -> list[LinkType]:
    """Raises 400 for a type that does not lead from the one kind to the other."""
    _check_pair(kind, to)
    if not isinstance(given, list) or not given:
        raise invalid("types must be an array of association types")
    known = {number for number, _ in LINK_TYPES[kind, to]}
    found = []
    for spec in given:
        number = spec.get("associationTypeId") if isinstance(spec, dict) else None
        if number not in known or spec.get("associationCategory") != DEFINED:
            raise ApiError(400, f"Invalid association type {number} from {kind} to {to}.")
        found.append((DEFINED, number))
    return found


def _links_page(call: Call, start: End, to: str, after: int, limit: int) -> Json:
    ends = list(call.portal.links.of(*start, to).items())
    names = dict(LINK_TYPES.get((start[0], to), ()))
    rows = [
        {
            "toObjectId": end,
            "associationTypes": [
                {"category": category, "typeId": number, "label": names.get(number)}
                for category, number in sorted(types)
            ],
        }
        for end, types in ends[after : after + limit]
    ]
    following = after + limit if len(ends) > after + limit else None
    return shapes.page(call, rows, following)


def _pair(call: Call, start: End, end: End) -> Json:
    names = dict(LINK_TYPES[start[0], end[0]])
    types = call.portal.links.of(*start, end[0])[end[1]]
    return {
        "fromObjectTypeId": KINDS[start[0]][0],
        "fromObjectId": start[1],
        "toObjectTypeId": KINDS[end[0]][0],
        "toObjectId": end[1],
        "labels": [name for _, number in sorted(types) if (name := names.get(number))],
    }


def _default(start: End, end: End, number: int) -> Json:
    return {
        "from": {"id": start[1]},
        "to": {"id": end[1]},
        "associationSpec": {"associationCategory": DEFINED, "associationTypeId": number},
    }


def _end(call: Call, kind: str, identifier: str) -> End:
    name, _ = call.portal.table(call.part(kind))
    end = (name, call.part(identifier))
    _check_live(call, end)
    return end


def _check_live(call: Call, end: End) -> None:
    row = call.portal.tables[end[0]].rows.get(end[1])
    if row is None or row["archived"]:
        raise not_found()


def _check_pair(kind: str, to: str) -> None:
    if (kind, to) not in LINK_TYPES:
        raise ApiError(400, f"{kind} and {to} cannot be associated in the sandbox.")


def _kinds(call: Call) -> tuple[str, str]:
    kind, to = call.portal.table(call.part("kind"))[0], call.portal.table(call.part("to"))[0]
    _check_pair(kind, to)
    return kind, to


def _inputs(call: Call, most: int) -> list[Json]:
    inputs = call.body.get("inputs") if isinstance(call.body, dict) else None
    if not isinstance(inputs, list) or not all(isinstance(row, dict) for row in inputs):
        raise invalid("inputs must be an array of objects")
    if not 1 <= len(inputs) <= most:
        raise ApiError(400, f"The batch must have 1 to {most} inputs; it has {len(inputs)}.")
    return inputs


def _id_of(row: Json, name: str) -> str:
    found = row.get(name)
    if not isinstance(found, dict) or not found.get("id"):
        raise invalid(f"{name}.id is missing")
    return str(found["id"])


def _without(kind: str, to: str, ids: list[str]) -> Json:
    word = f"{KINDS[kind][1]}_to_{KINDS[to][1]}".upper()
    error = ApiError(404, f"No {word} association exists for some of the objects.", NOT_FOUND)
    return error.as_row({"fromObjectId": ids})


ENDPOINTS = [
    Endpoint("GET", f"{ONE}/{{to}}", listing, scope=SCOPE),
    Endpoint("PUT", f"{ONE}/default/{{to}}/{{to_id}}", put_default, is_write=True, scope=SCOPE),
    Endpoint("PUT", f"{ONE}/{{to}}/{{to_id}}", put_labelled, 201, is_write=True, scope=SCOPE),
    Endpoint("DELETE", f"{ONE}/{{to}}/{{to_id}}", remove, is_write=True, scope=SCOPE),
    Endpoint("GET", f"{MANY}/labels", labels, scope=SCOPE),
    Endpoint("POST", f"{MANY}/batch/read", batch_read, scope=SCOPE),
    Endpoint("POST", f"{MANY}/batch/create", batch_create, 201, is_write=True, scope=SCOPE),
    Endpoint("POST", f"{MANY}/batch/archive", batch_archive, is_write=True, scope=SCOPE),
]
