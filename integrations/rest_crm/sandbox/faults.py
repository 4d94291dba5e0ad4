"""Ways this CRM misbehaves; the frame knows slowness and lost connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from integrations.hub.sandbox.fake import FaultKind, VendorRequest, VendorResponse
from integrations.rest_crm.sandbox.errors import ApiError, invalid

if TYPE_CHECKING:
    from integrations.rest_crm.sandbox.server import RestCrmFake


def kinds(fake: RestCrmFake) -> Mapping[str, FaultKind]:
    return {
        "rate_limited": FaultKind("429 too many requests (value: seconds to wait)", rate_limited),
        "server_error": FaultKind("500, nothing done", server_error),
        "server_error_done": FaultKind(
            "500 after the work", lambda request, _: server_error_done(fake, request)
        ),
        "unauthorized": FaultKind("401 key refused", unauthorized),
        "forbidden": FaultKind("403", forbidden),
        "not_found": FaultKind("404, as if it were deleted", not_found),
        "refused": FaultKind("422 (value: field)", refused),
        "not_json": FaultKind("200 with a web page", not_json),
    }


def rate_limited(_: VendorRequest, value: str) -> VendorResponse:
    headers = {"Retry-After": value} if value else {}
    return ApiError(429, "Too many requests.", headers=headers).response()


def server_error(_: VendorRequest, __: str) -> VendorResponse:
    return ApiError(500, "Something went wrong here.").response()


def server_error_done(fake: RestCrmFake, request: VendorRequest) -> VendorResponse:
    fake.answer(request)
    return server_error(request, "")


def unauthorized(_: VendorRequest, __: str) -> VendorResponse:
    return ApiError(401, "This key is not valid any more.").response()


def forbidden(_: VendorRequest, __: str) -> VendorResponse:
    return ApiError(403, "This key may not do that.").response()


def not_found(_: VendorRequest, __: str) -> VendorResponse:
    return ApiError(404, "No such record here.").response()


def refused(_: VendorRequest, value: str) -> VendorResponse:
    return invalid(value or "status", "is not taken").response()


def not_json(_: VendorRequest, __: str) -> VendorResponse:
    body = b"<!doctype html><title>Log in</title>"
    return VendorResponse(200, body, {"Content-Type": "text/html"})
