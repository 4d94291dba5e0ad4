"""HubSpot's front door: token, rate, scope, then the endpoint; then the web-hooks go out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

from integrations.hub.sandbox.fake import (
    Action,
    FaultKind,
    SandboxRefusal,
    Table,
    VendorRequest,
    VendorResponse,
)
from integrations.hub.sandbox.vendor import Vendor
from integrations.hubspot.sandbox import (
    batches,
    control,
    dashboard,
    faults,
    linking,
    login,
    objects,
    portal_facts,
    searching,
)
from integrations.hubspot.sandbox.allowance import Allowance
from integrations.hubspot.sandbox.announcing import attempted
from integrations.hubspot.sandbox.call import Call, Endpoint, legacy_path
from integrations.hubspot.sandbox.errors import NOT_FOUND, ApiError
from integrations.hubspot.sandbox.portal import Portal

LONGEST_URL = 15_000
ROOMS = (login, portal_facts, searching, batches, linking, objects)
ENDPOINTS: list[Endpoint] = [endpoint for room in ROOMS for endpoint in room.ENDPOINTS]


class HubSpotFake:
    """HubSpot's API over one portal, with what a person does on its pages."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.portal = Portal(vendor)
        self.allowance = Allowance()
        self.actions: Mapping[str, Action] = control.actions(self)
        self.faults: Mapping[str, FaultKind] = faults.kinds(self)

    def tables(self) -> list[Table]:
        with self.vendor.store.lock:
            self._refresh()
            return dashboard.tables(self.portal)

    def webhook_headers(self, endpoint: str, body: bytes) -> Mapping[str, str]:
        return self.portal.announcer.headers(endpoint, body)

    def webhook_body(self, body: bytes, attempt: int) -> bytes:
        """Later attempts say which they are."""
        return attempted(body, attempt) if attempt else body

    def answer(self, request: VendorRequest) -> VendorResponse:
        headers = {"X-HubSpot-Correlation-Id": str(uuid.uuid4())}
        if request.method == "GET" and request.path == "/oauth/authorize":
            return login.authorize(self.vendor, request)
        try:
            with self.vendor.store.lock:
                self._refresh()
                with self.vendor.store.transaction():
                    response = self._work(request, headers)
            self.portal.announcer.flush()
        except ApiError as error:
            response = error.response()
        return VendorResponse(response.status, response.body, {**headers, **response.headers})

    def by_hand(self, work: Callable[[], str]) -> str:
        """Something a person does on the pages; raises SandboxRefusal."""
        with self.vendor.store.lock:
            self._refresh()
            try:
                with self.vendor.store.transaction():
                    said = work()
            except ApiError as error:
                raise SandboxRefusal(str(error)) from error
        self.portal.announcer.flush()
        return said

    def _refresh(self) -> None:
        if self.portal.refresh():
            self.allowance.forget()

    def _work(self, request: VendorRequest, headers: dict[str, str]) -> VendorResponse:
        if len(request.path) + len(request.query) > LONGEST_URL:
            raise ApiError(414, "URI Too Long")
        endpoint, named = find_endpoint(request)
        if not endpoint.is_open:
            token, scopes = login.caller(self.vendor, request)
            is_search = request.path.endswith("/search")
            headers |= self.allowance.take(token, is_search=is_search)
            login.scope_check(endpoint, named, scopes)
        return endpoint.answer(Call(self.portal, request, named))


def find_endpoint(request: VendorRequest) -> tuple[Endpoint, dict[str, str]]:
    """Raises 404, or 405 for a path that takes other methods."""
    path = legacy_path(request.path)
    is_known = False
    for endpoint in ENDPOINTS:
        if match := endpoint.match(request.method, path):
            return endpoint, match.groupdict()
        is_known = is_known or endpoint.pattern.fullmatch(path) is not None
    if is_known:
        raise ApiError(405, f"HTTP 405 Method Not Allowed: {request.method} {request.path}")
    raise ApiError(404, f"Unable to find {request.path}", NOT_FOUND)
