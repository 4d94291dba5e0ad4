"""The front door of this CRM: key and secret, body, then the endpoint."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from integrations.hub.sandbox.fake import (
    Action,
    FaultKind,
    Table,
    VendorRequest,
    VendorResponse,
    json_response,
)
from integrations.hub.sandbox.store import Json
from integrations.hub.sandbox.vendor import Vendor
from integrations.rest_crm.sandbox import control, dashboard, faults
from integrations.rest_crm.sandbox.books import SECRETS, Books
from integrations.rest_crm.sandbox.errors import ApiError, invalid, missing

PREFIX = "/api/v1"
KEY = re.compile(r"crm_key_([A-Za-z0-9_]{1,60})")
EXPIRED = "expired"
LARGEST_BATCH = 100


@dataclass(frozen=True)
class Call:
    """One request on its way: the books, the id its path names, query and body."""

    books: Books
    id: str
    query: Mapping[str, str]
    body: Json


class RestCrmFake:
    """The CRM's API, its edits by hand and its misbehaviour."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.actions: Mapping[str, Action] = control.actions(vendor)
        self.faults: Mapping[str, FaultKind] = faults.kinds(self)

    def tables(self) -> list[Table]:
        with self.vendor.store.transaction():
            return dashboard.tables(Books(self.vendor))

    def webhook_headers(self, endpoint: str, body: bytes) -> Mapping[str, str]:
        """The secret as it was registered; nothing is computed from the body."""
        row = self.vendor.collection(SECRETS).get(endpoint) or {"secret": ""}
        return {"X-CRM-Secret": row["secret"], "X-CRM-Event": json.loads(body)["event"]}

    def answer(self, request: VendorRequest) -> VendorResponse:
        try:
            check_key(request)
            run, row_id = find_endpoint(request)
            with self.vendor.store.transaction():
                call = Call(Books(self.vendor), row_id, query_of(request), body_of(request))
                status, content = run(call)
        except ApiError as error:
            return error.response()
        return json_response(status, content)


# --- What is checked before any work ------------------------------------------------------------


def check_key(request: VendorRequest) -> None:
    """Key and secret belong together: crm_key_x and crm_secret_x; or the key as a Bearer token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    is_bearer = scheme.lower() == "bearer"
    found = KEY.fullmatch(token.strip() if is_bearer else request.headers.get("x-api-key", ""))
    if found is None:
        raise ApiError(401, "The API key is missing or not valid.")
    secret = request.headers.get("x-api-secret", "")
    expected = f"crm_secret_{found[1]}"
    if not is_bearer and not hmac.compare_digest(secret.encode(), expected.encode()):
        raise ApiError(401, "The API secret is missing or does not fit the key.")
    if found[1].startswith(EXPIRED):
        raise ApiError(401, "The API key has expired.")


def query_of(request: VendorRequest) -> Mapping[str, str]:
    return dict(parse_qsl(request.query))


def body_of(request: VendorRequest) -> Json:
    if request.method not in ("POST", "PUT"):
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(400, "Send JSON: Content-Type must be application/json.")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise ApiError(400, "The body is no JSON.") from error
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object.")
    return body


# --- Endpoints ----------------------------------------------------------------------------------

Answer = tuple[int, Any]
Run = Callable[[Call], Answer]


def creating(kind: str) -> Run:
    def run(call: Call) -> Answer:
        row = call.books.create(kind, call.body)
        if call.books.is_on("echo"):
            call.books.tell(kind, row, row, is_new=True)
        return 201, call.books.said(kind, row)

    return run


def updating(kind: str) -> Run:
    def run(call: Call) -> Answer:
        row, changed = call.books.update(kind, call.id, call.body)
        if changed and call.books.is_on("echo"):
            call.books.tell(kind, row, changed)
        return 200, call.books.said(kind, row)

    return run


def activity_create(call: Call) -> Answer:
    call.books.find("lead", call.id)
    return 201, call.books.create("activity", call.body, lead=call.id)


def leads_batch(call: Call) -> Answer:
    """Each item by itself: one that is refused does not undo the others."""
    items = call.body.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= LARGEST_BATCH:
        raise invalid("items", f"must be a list of 1 to {LARGEST_BATCH} leads")
    return 200, {"items": [batch_item(call.books, item) for item in items]}


def batch_item(books: Books, item: Any) -> Json:
    reference = item.get("externalReference") if isinstance(item, dict) else None
    named = {"externalReference": reference} if reference else {}
    try:
        if not isinstance(item, dict):
            raise invalid("items", "must be objects")
        row = books.create("lead", item)
    except ApiError as error:
        return {**named, "status": error.status, **error.content()}
    return {**named, "status": 201, "id": row["id"]}


def webhook_create(call: Call) -> Answer:
    """One registration an address; the secret is never told again."""
    for row in call.books.rows("webhook"):
        if row["url"] == call.body.get("url"):
            call.books.delete("webhook", row["id"])
    row = call.books.create("webhook", call.body)
    call.books.vendor.collection(SECRETS).put(row["id"], {"secret": row.pop("secret")})
    call.books.save("webhook", row)
    return 201, row


def webhook_delete(call: Call) -> Answer:
    call.books.delete("webhook", call.id)
    return 200, {}


def listing(kind: str) -> Run:
    def run(call: Call) -> Answer:
        return 200, {"items": call.books.rows(kind)}

    return run


ENDPOINTS: dict[tuple[str, str], Run] = {
    ("POST", "/leads"): creating("lead"),
    ("GET", "/leads"): lambda call: (200, call.books.page("lead", call.query)),
    ("POST", "/leads/batch"): leads_batch,
    ("PUT", "/leads/{id}"): updating("lead"),
    ("POST", "/leads/{id}/activities"): activity_create,
    ("POST", "/properties"): creating("property"),
    ("PUT", "/properties/{id}"): updating("property"),
    ("POST", "/inquiries"): creating("inquiry"),
    ("POST", "/deals"): creating("deal"),
    ("GET", "/agents"): listing("agent"),
    ("POST", "/webhooks"): webhook_create,
    ("GET", "/webhooks"): listing("webhook"),
    ("DELETE", "/webhooks/{id}"): webhook_delete,
}


def find_endpoint(request: VendorRequest) -> tuple[Run, str]:
    if not request.path.startswith(f"{PREFIX}/"):
        raise missing(f"such address: {request.path}")
    steps = request.path.removeprefix(PREFIX).strip("/").split("/")
    for (method, path), run in ENDPOINTS.items():
        wanted = path.strip("/").split("/")
        if method == request.method and len(steps) == len(wanted):
            pairs = list(zip(wanted, steps, strict=True))
            if all(want in ("{id}", step) for want, step in pairs):
                return run, next((unquote(step) for want, step in pairs if want == "{id}"), "")
    raise missing(f"such address: {request.method} {request.path}")
