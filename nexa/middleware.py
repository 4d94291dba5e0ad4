"""Gives each request an id, shown in logs, in the reply's header and on error pages."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from crm.trace import new_context_id, within_context

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
