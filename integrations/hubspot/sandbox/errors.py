"""What the fake refuses, in HubSpot's own words and shape."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.hub.sandbox.fake import VendorResponse, json_response

VALIDATION, CONFLICT, NOT_FOUND = "VALIDATION_ERROR", "CONFLICT", "OBJECT_NOT_FOUND"
SCOPES_PAGE = "https://developers.hubspot.com/scopes"


class ApiError(Exception):
    """Becomes the error reply, or one error of a batch."""

    def __init__(
        self,
        status: int,
        message: str,
        category: str = VALIDATION,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = {
            "status": "error",
            "message": str(self),
            "correlationId": str(uuid.uuid4()),
            "category": self.category,
        }
        if self.errors:
            content["errors"] = self.errors
        return content | self.extra

    def response(self) -> VendorResponse:
        return json_response(self.status, self.content(), self.headers)

    def as_row(self, context: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """As one error of a 207."""
        row = {
            "status": "error",
            "category": self.category,
            "message": str(self),
            "context": {name: list(values) for name, values in context.items()},
        }
        return row | {"errors": self.errors} if self.errors else row


def invalid(message: str) -> ApiError:
    return ApiError(400, f"Invalid input JSON or query: {message}")


def property_error(name: str, code: str, message: str) -> dict[str, Any]:
    return {"message": message, "code": code, "context": {"propertyName": [name]}}


def properties_invalid(errors: Sequence[Mapping[str, Any]]) -> ApiError:
    said = "; ".join(str(error["message"]) for error in errors)
    return ApiError(400, f"Property values were not valid: {said}", errors=errors)


def not_found() -> ApiError:
    return ApiError(404, "resource not found", NOT_FOUND)


def missing_scopes(scopes: Sequence[str]) -> ApiError:
    return ApiError(
        403,
        "This app hasn't been granted all required scopes to make this call. Read more about "
        f"required scopes here: {SCOPES_PAGE}.",
        "MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
        extra={"links": {"scopes": SCOPES_PAGE}},
    )


def unauthorized(*, is_expired: bool = False) -> ApiError:
    if is_expired:
        return ApiError(
            401,
            "The OAuth token used to make this call expired. Refresh it and try again.",
            "EXPIRED_AUTHENTICATION",
        )
    return ApiError(
        401,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you "
        "can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "INVALID_AUTHENTICATION",
    )


POLICIES = {"SECONDLY": "secondly", "TEN_SECONDLY_ROLLING": "ten_secondly_rolling"}


def too_many(policy: str, headers: Mapping[str, str] | None = None) -> ApiError:
    word = POLICIES.get(policy, policy.lower())
    return ApiError(
        429,
        f"You have reached your {word} limit.",
        "RATE_LIMITS",
        extra={"errorType": "RATE_LIMIT", "policyName": policy},
        headers=headers,
    )
