"""What the fake refuses, in Stripe's own words and shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INVALID_REQUEST = "invalid_request_error"
DOCUMENTATION = "https://stripe.com/docs/error-codes"


class ApiError(Exception):
    """Becomes the error reply; a 4xx made before any work is not kept for an idempotency key."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = INVALID_REQUEST,
        code: str = "",
        param: str = "",
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.content: dict[str, Any] = {"message": message, "type": kind, **(extra or {})}
        if code:
            self.content |= {"code": code, "doc_url": f"{DOCUMENTATION}/{code.replace('_', '-')}"}
        if param:
            self.content["param"] = param


def parameter_unknown(name: str) -> ApiError:
    return ApiError(
        400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name
    )


def parameter_missing(name: str) -> ApiError:
    return ApiError(400, f"Missing required param: {name}.", code="parameter_missing", param=name)


def parameter_invalid(name: str, message: str, code: str = "") -> ApiError:
    return ApiError(400, message, code=code, param=name)


def no_such(kind: str, identifier: str, param: str = "") -> ApiError:
    """404 for the object a path names, 400 for one that a parameter names."""
    return ApiError(
        400 if param else 404,
        f"No such {kind}: '{identifier}'",
        code="resource_missing",
        param=param or "id",
    )


def card_declined(decline_code: str, message: str, extra: Mapping[str, Any]) -> ApiError:
    return ApiError(
        402,
        message,
        kind="card_error",
        code="card_declined",
        extra={"decline_code": decline_code, **extra},
    )
