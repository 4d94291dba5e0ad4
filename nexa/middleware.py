"""What every request passes first: an id of its own, and the short way for vendors."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from crm.trace import new_context_id, within_context

VENDOR_DOOR = re.compile(r"/webhooks/|/api/[a-z0-9-]+/webhook/?$")
ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Takes X-Request-Id from a proxy when it is well formed, else makes one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-Id", "")
        identifier = offered if ACCEPTED_ID.fullmatch(offered) else new_context_id("req")
        with within_context(identifier):
            response = self.get_response(request)
        response["X-Request-Id"] = identifier
        return response


class VendorDoorMiddleware:
    """Takes web-hooks straight to their view: no session, page or person is behind them.

    Everything that serves people stands after it in the list; the signature guards the view.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not VENDOR_DOOR.match(request.path_info):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response
