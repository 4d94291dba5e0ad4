"""The WSGI application: control pages at /, vendors below /<provider>/, the control API below."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from integrations.hub.sandbox import control, pages
from integrations.hub.sandbox.fake import VendorRequest, VendorResponse
from integrations.hub.sandbox.misbehaviour import LOST_REPLY, REFUSED, SLOW, Rule
from integrations.hub.sandbox.recording import Recorder
from integrations.hub.sandbox.vendor import Vendor

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_BODY_BYTES = 10 * 1024 * 1024


class ReplyLost(ConnectionError):
    """Makes the server close the connection without a word."""


class Sandbox:
    """Routes each request to a vendor or to the control pages."""

    def __init__(self, vendors: Mapping[str, Vendor], recorder: Recorder | None) -> None:
        self.vendors = vendors
        self._recorder = recorder
        self.stopping = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = MAX_BODY_BYTES
        # werkzeug unquotes the path; vendors see it as it was sent.
        raw_path = str(environ.get("REQUEST_URI", request.path)).partition("?")[0]
        response = self._respond(request, raw_path)
        return response(environ, start_response)

    def _respond(self, request: Request, raw_path: str) -> Response:
        first, _, rest = raw_path.lstrip("/").partition("/")
        if first == "_control":
            return control.respond(self.vendors, request)
        vendor = self.vendors.get(unquote(first))
        if vendor is not None and rest:
            return self._ask(vendor, request, f"/{rest}")
        return pages.respond(self.vendors, request, vendor)

    # --- A vendor's side -----------------------------------------------------------------------

    def _ask(self, vendor: Vendor, request: Request, path: str) -> Response:
        asked = VendorRequest(
            method=request.method,
            path=path,
            query=request.query_string.decode("latin-1"),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.get_data(),
        )
        rule = vendor.misbehaviour.take(asked.method, asked.path)
        answered = self._misbehave(vendor, asked, rule) if rule else vendor.fake.answer(asked)
        vendor.see(asked.method, asked.path, answered.status, rule.kind if rule else "")
        self._record(vendor, asked, answered)
        return Response(answered.body, answered.status, dict(answered.headers))

    def _misbehave(self, vendor: Vendor, asked: VendorRequest, rule: Rule) -> VendorResponse:
        if rule.kind == SLOW:
            self.stopping.wait(rule.seconds)
            return vendor.fake.answer(asked)
        if rule.kind in (REFUSED, LOST_REPLY):
            if rule.kind == LOST_REPLY:
                vendor.fake.answer(asked)
                self.stopping.wait(rule.seconds)
            vendor.see(asked.method, asked.path, None, rule.kind)
            self._record(vendor, asked, None)
            raise ReplyLost
        return vendor.fake.faults[rule.kind].answer(asked, rule.value)

    def _record(
        self, vendor: Vendor, asked: VendorRequest, answered: VendorResponse | None
    ) -> None:
        if self._recorder and asked.path not in vendor.app.pages:
            self._recorder.write(
                vendor.app.id, asked, answered, secret_fields=vendor.app.secret_fields
            )
