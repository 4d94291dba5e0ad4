"""Stripe's front door: key, version, idempotency, parameters, then the endpoint."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from integrations.hub.sandbox.fake import (
    Action,
    FaultKind,
    Table,
    VendorRequest,
    VendorResponse,
    json_response,
)
from integrations.hub.sandbox.vendor import Vendor
from integrations.stripe.sandbox import (
    control,
    customers,
    dashboard,
    faults,
    forms,
    invoices,
    payments,
    products,
    refunds,
    shapes,
    subscription_changes,
    subscriptions,
    webhooks,
)
from integrations.stripe.sandbox.books import API_VERSION, Books
from integrations.stripe.sandbox.call import Call, Endpoint
from integrations.stripe.sandbox.errors import ApiError
from integrations.stripe.sandbox.expansion import expand
from integrations.stripe.sandbox.idempotency import HEADER, IdempotencyKeys
from integrations.stripe.sandbox.identifiers import random_text
from integrations.stripe.sandbox.parameters import array_of, check, text
from integrations.stripe.sandbox.replies import error_response
from integrations.stripe.sandbox.shapes import catalog

ENDPOINTS: list[Endpoint] = [
    Endpoint("GET", "/v1/account", lambda call: catalog.account(call.books.account)),
    *(
        endpoint
        for room in (
            customers,
            products,
            subscriptions,
            subscription_changes,
            invoices,
            payments,
            refunds,
            webhooks,
        )
        for endpoint in room.ENDPOINTS
    ),
]
KEYS = ("sk_test_", "rk_test_")
EXPIRED = "expired"
FORM = "application/x-www-form-urlencoded"


class StripeFake:
    """Stripe's API over the accounts that keys name, with its dashboard's actions."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.keys = IdempotencyKeys(vendor)
        self.actions: Mapping[str, Action] = control.actions(vendor, self.keys)
        self.faults: Mapping[str, FaultKind] = faults.kinds(self)

    def tables(self) -> list[Table]:
        return dashboard.tables(self.vendor)

    def webhook_headers(self, endpoint: str, body: bytes) -> Mapping[str, str]:
        return webhooks.signature_headers(self.vendor, endpoint, body)

    def answer(self, request: VendorRequest) -> VendorResponse:
        request_id = f"req_{random_text(14)}"
        try:
            check_key(request)
            check_version(request)
            response = self.keys.once(request, lambda: self._work(request, request_id))
        except ApiError as error:
            response = error_response(error)
        return VendorResponse(
            response.status,
            response.body,
            {**common_headers(request, request_id), **response.headers},
        )

    def _work(self, request: VendorRequest, request_id: str) -> VendorResponse:
        """A refusal undoes what was begun, except a refused card: that attempt happened."""
        refused: ApiError | None = None
        with self.vendor.store.transaction():
            try:
                reply = self._run(request, request_id)
            except ApiError as error:
                if error.status != 402:
                    raise
                refused = error
        return error_response(refused) if refused else json_response(200, shapes.public(reply))

    def _run(self, request: VendorRequest, request_id: str) -> Any:
        endpoint, identifier = find_endpoint(request)
        given = parameters_of(request)
        expansions = array_of(text)(given.pop("expand", ""), "expand")
        params = check(endpoint.parameters, given)
        books = Books(
            self.vendor,
            account_word(request),
            request_id=request_id,
            idempotency_key=request.headers.get(HEADER),
        )
        books.open()
        reply = endpoint.run(Call(books, identifier, params))
        return expand(books, reply, expansions)


# --- What is checked before any work ------------------------------------------------------------


def check_key(request: VendorRequest) -> None:
    key = key_of(request)
    if not key:
        raise ApiError(
            401,
            "You did not provide an API key. You need to provide your API key in the Authorization "
            "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        )
    if not key.startswith(KEYS):
        raise ApiError(401, f"Invalid API Key provided: {masked(key)}")
    if key.split("_")[2].startswith(EXPIRED):
        raise ApiError(401, f"Expired API Key provided: {masked(key)}", code="api_key_expired")


def key_of(request: VendorRequest) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0]
        except ValueError:
            return ""
    return ""


def account_word(request: VendorRequest) -> str:
    """What the key calls its account: `sk_test_<word>_…`."""
    return key_of(request).split("_")[2]


def masked(key: str) -> str:
    return f"{key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}"


def check_version(request: VendorRequest) -> None:
    version = request.headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        raise ApiError(
            400, f"Invalid Stripe API version: {version}. The sandbox speaks {API_VERSION}."
        )


def find_endpoint(request: VendorRequest) -> tuple[Endpoint, str]:
    path = unquote(request.path)
    for endpoint in ENDPOINTS:
        match = endpoint.match(path)
        if match and endpoint.method == request.method:
            return endpoint, match.groupdict().get("id") or ""
    raise ApiError(404, f"Unrecognized request URL ({request.method}: {request.path}).")


def parameters_of(request: VendorRequest) -> forms.Tree:
    """Query and form body together; a JSON body is refused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.body and kind != FORM:
        raise ApiError(
            400,
            "Invalid request (check that your POST content type is "
            f"{FORM}). If you have any questions, we can help at https://support.stripe.com/.",
        )
    return {**forms.parse(request.query), **forms.parse(request.body.decode(errors="replace"))}


# --- Replies ------------------------------------------------------------------------------------


def common_headers(request: VendorRequest, request_id: str) -> dict[str, str]:
    headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
    key = request.headers.get(HEADER)
    return {**headers, "Idempotency-Key": key} if key else headers
