"""HubSpot's own ways to misbehave; the frame knows slowness and lost connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from integrations.hub.sandbox.fake import FaultKind, VendorRequest, VendorResponse
from integrations.hubspot.sandbox.errors import (
    ApiError,
    missing_scopes,
    too_many,
    unauthorized,
)

if TYPE_CHECKING:
    from integrations.hubspot.sandbox.server import HubSpotFake


def kinds(fake: HubSpotFake) -> Mapping[str, FaultKind]:
    return {
        "rate_limited": FaultKind(
            "429 (value: SECONDLY, TEN_SECONDLY_ROLLING or DAILY)",
            lambda _, value: too_many(value or "TEN_SECONDLY_ROLLING").response(),
        ),
        "locked": FaultKind("423 the record is locked", locked),
        "migrating": FaultKind("477 the portal is being moved (value: Retry-After)", migrating),
        "server_error": FaultKind("500, nothing done (value: another status)", server_error),
        "server_error_done": FaultKind(
            "500 after the work was done",
            lambda request, value: server_error_done(fake, request, value),
        ),
        "unauthorized": FaultKind("401 token refused", lambda *_: unauthorized().response()),
        "token_expired": FaultKind(
            "401 token expired", lambda *_: unauthorized(is_expired=True).response()
        ),
        "missing_scopes": FaultKind(
            "403 a scope is missing (value: its name)",
            lambda _, value: missing_scopes([value or "crm.objects.contacts.write"]).response(),
        ),
        "not_json": FaultKind("200 that is a web page", not_json),
    }


def locked(_: VendorRequest, value: str) -> VendorResponse:
    headers = {"Retry-After": value} if value else {}
    return ApiError(423, "The resource is locked.", "LOCKED", headers=headers).response()


def migrating(_: VendorRequest, value: str) -> VendorResponse:
    return ApiError(
        477,
        "This account is being migrated to another data centre.",
        "MIGRATION_IN_PROGRESS",
        headers={"Retry-After": value or "3600"},
    ).response()


def server_error(_: VendorRequest, value: str) -> VendorResponse:
    status = int(value) if value.isdecimal() and 500 <= int(value) <= 599 else 500
    return ApiError(status, "internal error", "SERVER_ERROR").response()


def server_error_done(fake: HubSpotFake, request: VendorRequest, value: str) -> VendorResponse:
    fake.answer(request)
    return server_error(request, value)


def not_json(_: VendorRequest, __: str) -> VendorResponse:
    return VendorResponse(200, b"<html>Back soon</html>", {"Content-Type": "text/html"})
