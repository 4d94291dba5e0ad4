"""Up to 100 records in one call: what fails is told row by row with 207, the rest is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.hubspot.sandbox import shapes
from integrations.hubspot.sandbox.call import Call, Endpoint
from integrations.hubspot.sandbox.catalog import KINDS
from integrations.hubspot.sandbox.errors import NOT_FOUND, ApiError, invalid
from integrations.hubspot.sandbox.linking import links_at_creation
from integrations.hubspot.sandbox.objects import SCOPE

Json = dict[str, Any]
PATH = "/crm/v3/objects/{kind}/batch"
MOST = 100


def read(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))
    wanted = call.body.get("properties") or []
    id_property = call.body.get("idProperty") or ""
    is_archived = call.flag("archived")
    results, missing = [], []
    for given in inputs_of(call):
        row = call.portal.seek(kind, str(given["id"]), id_property)
        if row is None or row["archived"] != is_archived:
            missing.append(str(given["id"]))
        else:
            results.append(shapes.record(call, kind, row, wanted))
    return shapes.batch(results, [_missing(kind, missing)] if missing else [])


def create(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))

    def judge(given: Json) -> None:
        links_at_creation(call, kind, given.get("associations") or [])
        call.portal.create_check(kind, given.get("properties") or {})

    def make(given: Json) -> Json:
        links = links_at_creation(call, kind, given.get("associations") or [])
        row = call.portal.create(kind, given.get("properties") or {}, source=call.source)
        links(row["id"])
        return shapes.written(call, kind, row)

    return _each(call, make, judge)


def update(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))

    def judge(given: Json) -> None:
        row = call.portal.seek(kind, str(given["id"]), given.get("idProperty") or "")
        if row is not None:
            call.portal.change_check(kind, row, given.get("properties") or {})

    def change(given: Json) -> Json:
        id_property = given.get("idProperty") or ""
        if id_property == "email":
            raise ApiError(400, "email is not a unique property that can update; use upsert.")
        row = call.portal.find(kind, str(given["id"]), id_property=id_property)
        values = given.get("properties") or {}
        return shapes.written(call, kind, call.portal.change(kind, row, values, source=call.source))

    return _each(call, change, judge)


def upsert(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))

    def judge(given: Json) -> None:
        name, identifier = given.get("idProperty") or "", str(given["id"])
        values = given.get("properties") or {}
        row = call.portal.seek(kind, identifier, name)
        if row is None or row["archived"]:
            call.portal.create_check(kind, {name: identifier, **values})
        else:
            call.portal.change_check(kind, row, values)

    def put(given: Json) -> Json:
        name, identifier = given.get("idProperty") or "", str(given["id"])
        values = given.get("properties") or {}
        row = call.portal.seek(kind, identifier, name)
        if row is not None and not row["archived"]:
            changed = call.portal.change(kind, row, values, source=call.source)
            return {**shapes.written(call, kind, changed), "new": False}
        if not name or name == "hs_object_id":
            raise ApiError(404, "resource not found", NOT_FOUND)
        made = call.portal.create(kind, {name: identifier, **values}, source=call.source)
        return {**shapes.written(call, kind, made), "new": True}

    return _each(call, put, judge)


def archive(call: Call) -> None:
    kind, _ = call.portal.table(call.part("kind"))
    for given in inputs_of(call):
        row = call.portal.seek(kind, str(given["id"]))
        if row is not None and not row["archived"]:
            call.portal.archive(kind, row, source=call.source)


def inputs_of(call: Call, most: int = MOST, *, needs_id: bool = True) -> list[Json]:
    """Raises 400 for none, too many, or the same record twice."""
    body = call.body
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list) or not all(isinstance(row, dict) for row in inputs):
        raise invalid("inputs must be an array of objects")
    if not 1 <= len(inputs) <= most:
        raise ApiError(400, f"The batch must have 1 to {most} inputs; it has {len(inputs)}.")
    if not needs_id:
        return inputs
    ids = [str(row.get("id") or "") for row in inputs]
    if not all(ids):
        raise invalid('required fields were not set: "id"')
    if len({one.lower() for one in ids}) < len(ids):
        raise ApiError(400, "Duplicate IDs found in batch input. IDs must be unique.")
    return inputs


def _each(call: Call, work: Callable[[Json], Json], judge: Callable[[Json], None]) -> Json:
    """Row by row; with the switch on, wrong values of one row refuse all of them.

    What a row names that is not there is always told by itself.
    """
    results, errors = [], []
    is_create = call.request.path.endswith("/create")
    inputs = inputs_of(call, needs_id=not is_create)
    if call.portal.switches.refuses_whole_batches:
        for given in inputs:
            judge(given)
    for given in inputs:
        trace = given.get("objectWriteTraceId")
        try:
            made = work(given)
        except ApiError as error:
            context = {"objectWriteTraceId": [trace]} if trace else {}
            if given.get("id"):
                context["ids"] = [str(given["id"])]
            errors.append(error.as_row(context))
        else:
            results.append(made | {"objectWriteTraceId": trace} if trace else made)
    return shapes.batch(results, errors)


def _missing(kind: str, ids: list[str]) -> Json:
    word = KINDS[kind][1].upper()
    error = ApiError(
        404,
        f"Could not get some {word} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        NOT_FOUND,
    )
    return error.as_row({"ids": ids})


ENDPOINTS = [
    Endpoint("POST", f"{PATH}/read", read, scope=SCOPE),
    Endpoint("POST", f"{PATH}/create", create, 201, is_write=True, scope=SCOPE),
    Endpoint("POST", f"{PATH}/update", update, is_write=True, scope=SCOPE),
    Endpoint("POST", f"{PATH}/upsert", upsert, is_write=True, scope=SCOPE),
    Endpoint("POST", f"{PATH}/archive", archive, is_write=True, scope=SCOPE),
]
